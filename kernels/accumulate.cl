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
// Launch contract: see block.cl (CPUs) and tile.cl (GPUs). Built with TA.

__kernel void accumulate(const int M, const int N, const int K,
                         __global const A_TYPE *restrict a, const int lda, const int apanel,
                         __global const B_TYPE *restrict D, const int ldd, const int dpanel,
                         __global float *restrict C, const int panel, const int step) {
#ifdef FRESH
#define ONTO(v, p) ((v) + 0.0f)
#else
#define ONTO(v, p) ((v) + LOAD_REAL(p))
#endif
#define STORE(row, col, left, v)                               \
  if ((left) > 0) {                                            \
    __global float *p = WEIGHT_AT(C, panel, step, row, col);   \
    STORE_REAL(ONTO(v, p), left, p);                           \
  }
#ifdef STORE_INSIDE
#undef STORE_ROW
#define ONTO_PIECE(i, j) STOREV(ONTO(c##i##_##j, block + (i)*NR + (j)*VW), block + (i)*NR + (j)*VW);
#define STORE_ROW(i) ONTO_PIECE(i, 0) IF_2(ONTO_PIECE(i, 1)) IF_3(ONTO_PIECE(i, 2))
#undef STORE_INSIDE
#define STORE_INSIDE                                              \
  {                                                               \
    __global float *const block = WEIGHT_AT(C, panel, step, m, n); \
    ROWS(STORE_ROW)                                               \
  }
#ifndef FRESH
#undef FETCH_EIGHT
#define FETCH_EIGHT FETCH_BLOCK(WEIGHT_AT(C, panel, step, m, n))
#endif
#endif
  PRODUCT(a, lda, apanel, D, dpanel, ldd)
#undef STORE
}
