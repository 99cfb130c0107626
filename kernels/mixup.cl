// mixup.cl: O_i = λ A_i + (1−λ) A_j, j = i+1 for even i and i−1 for odd i; a last row
// without a neighbour is copied.
//
//   A, O   (i, j) at [i·ld + j], rows × cols; not the same memory
//   share  λ
//   rest   1−λ
//
// Launch: global (≥ 1, rows), grid-stride over the vectors of a row; any local size.
//
// H. Zhang, M. Cisse, Y. N. Dauphin and D. Lopez-Paz, "mixup: beyond empirical risk
// minimization", ICLR (2018), eq. 1.

__kernel void mixup(const int rows, const int cols, const float share, const float rest,
                    __global const float *restrict A, const int lda, __global float *restrict O, const int ldo) {
  const int i = get_global_id(1);
  if (i >= rows) return;
  const int alone = (i ^ 1) == rows;
  __global const float *a = A + (size_t)i * lda;
  __global const float *b = A + (size_t)(alone ? i : i ^ 1) * lda;
  __global float *o = O + (size_t)i * ldo;
  for (int j = (int)get_global_id(0) * VW; j < cols; j += (int)get_global_size(0) * VW) {
    const floatv v = LOADV(a + j);
    store_part(alone ? v : share * v + rest * LOADV(b + j), cols - j, o + j);
  }
}
