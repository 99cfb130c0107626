// hiddendelta.cl: δ(l) = (δ(l+1) W(l)) ⊙ g′(z(l)), with g′ written from a(l).
//
//   C = (D · B) ⊙ ACT_PRIME(a)      M = batch, N = in, K = out
//
//   D     (m, k) at D[m·ldd + k]: δ(l+1)
//   B     (k, n): the weights with k = output, n = input. On CPUs the copy that
//         pack.cl made, B[(n / NR)·panel + k·NR + n % NR]; on GPUs W itself read
//         transposed, B[n·step + k]. The bias row is not part of it.
//   a     (m, n) at a[m·lda + n]: a(l); z(l) for an activation that needs it
//   C     (m, n) at C[m·ldc + n]: δ(l)
//
// With A_HALF D and a, and with C_HALF C, are halves (common.cl).
//
// Launch contract: see block.cl and amx.cl (CPUs) and tile.cl (GPUs).

__kernel void hiddendelta(const int M, const int N, const int K,
                          __global const A_TYPE *restrict D, const int ldd,
                          __global const float *restrict B, const int panel, const int step,
                          __global const A_TYPE *restrict a, const int lda,
                          __global C_TYPE *restrict C, const int ldc PRODUCT_PARAMETERS) {
#define STORE(row, col, left, v)                                             \
  if ((left) > 0) {                                                          \
    real prime = ACT_PRIME(LOAD_REAL_A(a + (size_t)(row) * lda + (col)));    \
    STORE_REAL_C((v)*prime, left, C + (size_t)(row) * ldc + (col));          \
  }
#define FETCH_LINE(m, n) FETCH(C + (size_t)(m) * ldc + (n)) FETCH(a + (size_t)(m) * lda + (n))
  PRODUCT(D, ldd, 0, B, panel, step)
#undef STORE
#undef FETCH_LINE
}
