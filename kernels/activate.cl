// activate.cl: A = g(Z), for the output layer; hidden layers have theirs fused in
// forward.cl.
//
//   activate   element by element
//   softmax    row by row, see activation.cl
//
//   Z, A  (i, j) at [i·ld + j], rows × cols
//
// Launch: activate: global (≥ ⌈cols/VW⌉, rows), a work-item a vector, grid-stride in
// dimension 0. softmax: global (≥ rows), a work-item a row. Any local size.

typedef floatv real;

__kernel void activate(const int rows, const int cols, __global const float *Z, const int ldz,
                       __global float *A, const int lda) {
  const int i = get_global_id(1);
  if (i >= rows) return;
  for (int j = (int)get_global_id(0) * VW; j < cols; j += (int)get_global_size(0) * VW)
    store_part(ACT(LOADV(Z + (size_t)i * ldz + j)), cols - j, A + (size_t)i * lda + j);
}

__kernel void softmax(const int rows, const int cols, __global const float *Z, const int ldz,
                      __global float *A, const int lda) {
  const int i = get_global_id(0);
  if (i >= rows) return;
  softmax_row(cols, Z + (size_t)i * ldz, A + (size_t)i * lda);
}
