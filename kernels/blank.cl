// blank.cl: a new matrix: 0 everywhere, and the constant 1 of [a 1] in column cols of
// the first rows rows.
//
//   C     (i, j) at C[i·ld + j], all rows of the buffer; with C_HALF it is halves, and ld the
//         floats that a row takes
//
// Launch: global (≥ all), a work-item a row; any local size.

__kernel void blank(const int all, const int rows, const int cols, const int ld, __global float *C) {
  const int i = get_global_id(0);
  if (i >= all) return;
  C += (size_t)i * ld;
  for (int v = 0; v < ld; v += VW) STOREV((floatv)(0.0f), C + v);
#ifdef C_HALF
  if (i < rows) vstore_half_rte(1.0f, cols, (__global half *)C);
#else
  if (i < rows) C[cols] = 1.0f;
#endif
}
