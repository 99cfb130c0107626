// mixup.cl: O_i = λ A_i + (1−λ) A_j, j = i+1 for even i and i−1 for odd i; a last row
// without a neighbour is copied.
//
//   A, O   (i, j) at [i·ld + j], rows × cols; not the same memory; halves with A_HALF and
//          C_HALF (common.cl)
//   share  λ
//   rest   1−λ
//
// Launch: global (≥ 1, rows), grid-stride over the vectors of a row; any local size.
//
// H. Zhang, M. Cisse, Y. N. Dauphin and D. Lopez-Paz, "mixup: beyond empirical risk
// minimization", ICLR (2018), eq. 1.

__kernel void mixup(const int rows, const int cols, const float share, const float rest,
                    __global const A_TYPE *restrict A, const int lda, __global C_TYPE *restrict O, const int ldo) {
  const int i = get_global_id(1);
  if (i >= rows) return;
  const int alone = (i ^ 1) == rows;
  __global const A_TYPE *a = A + (size_t)i * lda;
  __global const A_TYPE *b = A + (size_t)(alone ? i : i ^ 1) * lda;
  __global C_TYPE *o = O + (size_t)i * ldo;
  for (int j = (int)get_global_id(0) * VW; j < cols; j += (int)get_global_size(0) * VW) {
    const floatv v = LOADV_A(a + j);
    store_part_c(alone ? v : share * v + rest * LOADV_A(b + j), cols - j, o + j);
  }
}
