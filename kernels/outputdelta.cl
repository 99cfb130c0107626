// outputdelta.cl: δ(L) = a(L) − y.
//
//   A, Y, D  (i, j) at [i·ld + j], rows × cols
//
// Launch: global (≥ ⌈cols/VW⌉, rows), a work-item a vector, grid-stride in
// dimension 0; any local size.

__kernel void outputdelta(const int rows, const int cols, __global const float *A, const int lda,
                          __global const float *Y, const int ldy, __global float *D, const int ldd) {
  const int i = get_global_id(1);
  if (i >= rows) return;
  for (int j = (int)get_global_id(0) * VW; j < cols; j += (int)get_global_size(0) * VW)
    store_part(LOADV(A + (size_t)i * lda + j) - LOADV(Y + (size_t)i * ldy + j), cols - j,
               D + (size_t)i * ldd + j);
}
