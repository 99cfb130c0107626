// accumulate.cl: Δ_W += δᵀ a and Δ_θ0 += column sums of δ, in one product.
//
//   C = C + [a 1]ᵀ · D   (FRESH: C = [a 1]ᵀ · D)      M = in + 1, N = out, K = batch
//
// The constant 1 in column in of a makes row in of C the column sums of δ, which
// is the accumulator of the bias.
//
//   a     (m, k) at a[k·lda + m]: a(l), read transposed; or the panels that panel.cl
//         made of it, see block.cl
//   D     (k, n) at D[k·ldd + n]: δ(l+1); or its panels
//   C     (m, n) at C[(n / NR)·panel + m·NR + n % NR]: Δ, laid out as the weights
//
// With A_HALF a, and with B_HALF D, are halves (common.cl).
//
// The batch is summed in order k = 0, 1, …: results repeat bit for bit.
// Launch contract: see block.cl and amx.cl (CPUs) and tile.cl (GPUs). Built with TA.

__kernel void accumulate(const int M, const int N, const int K,
                         __global const A_TYPE *restrict a, const int lda, const int apanel,
                         __global const B_TYPE *restrict D, const int ldd, const int dpanel,
                         __global float *restrict C, const int panel, const int step PRODUCT_PARAMETERS) {
#ifdef FRESH
#define ONTO(p) 0.0f
#else
#define ONTO(p) LOAD_REAL(p)
#endif
#undef FETCH_EIGHT
#define FETCH_EIGHT FETCH_BLOCK(WEIGHT_AT(C, panel, step, m, n))
#define STORE(row, col, left, v)                               \
  if ((left) > 0) {                                            \
    __global float *p = WEIGHT_AT(C, panel, step, row, col);   \
    STORE_REAL((v) + ONTO(p), left, p);                        \
  }
#define FETCH_LINE(m, n) FETCH(WEIGHT_AT(C, panel, step, m, n))
  PRODUCT(a, lda, apanel, D, dpanel, ldd)
#undef STORE
#undef FETCH_LINE
}
