// forward.cl: z = a Wᵀ + 1 θ0ᵀ and a(l+1) = g(z) in one pass, for a batch.
//
//   C = ACT(A · B)      M = batch, N = out, K = in + 1
//
// A is [a 1]: column in of every matrix holds the constant 1, and row in of the
// weights holds θ0, so the product itself adds the bias.
//
//   A     (m, k) at A[m·lda + k], lda ≥ in + 1: activations a(l)
//   W     (k, n) at W[(n / NR)·panel + k·NR + n % NR]: weights; on GPUs one
//         panel, W[k·NR + n]
//   C     (m, n) at C[m·ldc + n]: activations a(l+1)
//   Z     with KEEP_Z, (m, n) at Z[m·ldz + n]: z itself, for activations whose g′ needs it
//
// With A_HALF A, and with C_HALF C and Z, are halves (common.cl).
//
// Launch contract: see block.cl and amx.cl (CPUs) and tile.cl (GPUs).

__kernel void forward(const int M, const int N, const int K,
                      __global const A_TYPE *restrict A, const int lda,
                      __global const float *restrict W, const int panel, const int step,
                      __global C_TYPE *restrict C, const int ldc
#ifdef KEEP_Z
                      , __global C_TYPE *restrict Z, const int ldz
#define STORE_Z(row, col, left, v) STORE_REAL_C(v, left, Z + (size_t)(row) * ldz + (col));
#else
#define STORE_Z(row, col, left, v)
#endif
                      PRODUCT_PARAMETERS) {
#define STORE(row, col, left, v)    \
  STORE_Z(row, col, left, v)        \
  STORE_REAL_C(ACT(v), left, C + (size_t)(row) * ldc + (col));
#define FETCH_LINE(m, n) FETCH(C + (size_t)(m) * ldc + (n))
  PRODUCT(A, lda, 0, W, panel, step)
#undef STORE
#undef FETCH_LINE
}
