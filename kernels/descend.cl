// descend.cl: accumulate.cl, gradient.cl and sgd.cl in one pass, for a step whose whole
// batch is one accumulation: Δ and D never leave the registers.
//
//   Δ = [a 1]ᵀ · D      D_ij = (Δ_ij + λΘ_ij)/m, the bias row without λ      Θ := Θ − α D
//
//   a     (m, k) at a[k·lda + m]: a(l), read transposed; or the panels that panel.cl
//         made of it, see block.cl
//   D     (k, n) at D[k·ldd + n]: δ(l+1); or its panels
//   T     (m, n): Θ, as weights lie      M = in + 1, N = out, K = batch
//
// With A_HALF a, and with B_HALF D, are halves (common.cl).
//
// The roundings are those of the three kernels one after the other, so that the
// results are the same bits, for m below 2²² (see gradient_of).
//
// Launch contract: see block.cl and amx.cl (CPUs) and tile.cl (GPUs). Built with TA.

// gradient_of is a division by m, of which inverse is 1/m, or three steps that are faster where fma is
// one: q + (t − qm)/m is t/m rounded once, of integers m below 2²², if t/m is neither infinite nor so
// small that bits are missing. q is at most 2 ulp from t/m, so that t − qm is exact and its product with
// 1/m off by at most ulp/2²³; and t/m, which no rounding boundary is nearer to than ulp/2m, is on the
// same side of all of them. Where m is a power of two q is exact. P. Markstein, "Computation of elementary
// functions on the IBM RISC System/6000 processor", IBM Journal of Research and Development 34 (1990).
inline real gradient_of(real theta, real sum, float penalty, float m, float inverse, int exact) {
#pragma OPENCL FP_CONTRACT OFF
  const real total = sum + penalty * theta;
#ifdef FAST_FMA
  const real q = total * inverse;
#ifdef GRADIENT // a clip may follow, which cuts what is infinite; of a descent Θ is lost either way
  if (!exact) return isinf(q) ? q : fma(fma(-q, (real)m, total), (real)inverse, q);
#endif
  return exact ? q : fma(fma(-q, (real)m, total), (real)inverse, q);
#else
  return total / m;
#endif
}
#define EXACT(m) ((as_int(m) & 0x7fffff) == 0) // it has no fraction bits

inline real descended(real theta, real sum, float penalty, float m, float inverse, int exact, float rate) {
#pragma OPENCL FP_CONTRACT OFF
  const real step = rate * gradient_of(theta, sum, penalty, m, inverse, exact);
  return theta - step;
}

#ifdef STORE_INSIDE
// A block inside Θ, and without its biases: NEXT(theta, sum, penalty, exact) of what is at FROM(i, j) goes
// to TO(i, j), row i and vector j of the block. What is the same for all is asked once: a branch a vector
// would leave the compiler little to put in order.
#define NEXT_PIECE(i, j, exact) STOREV(NEXT(LOADV(FROM(i, j)), c##i##_##j, lambda, exact), TO(i, j));
#define NEXT_ROW(i, exact) NEXT_PIECE(i, 0, exact) IF_2(NEXT_PIECE(i, 1, exact)) IF_3(NEXT_PIECE(i, 2, exact))
#define EXACT_ROW(i) NEXT_ROW(i, 1)
#define OTHER_ROW(i) NEXT_ROW(i, 0)
#undef STORE_INSIDE
#define STORE_INSIDE     \
  if (exact) {           \
    ROWS(EXACT_ROW)      \
  } else {               \
    ROWS(OTHER_ROW)      \
  }
#undef INSIDE
#define INSIDE (M - 1)
#endif

#ifndef LAYERS // descendall.cl has a kernel of its own
__kernel void descend(const int M, const int N, const int K,
                      __global const A_TYPE *restrict a, const int lda, const int apanel,
                      __global const B_TYPE *restrict D, const int ldd, const int dpanel,
                      __global float *restrict T, const int panel, const int step,
                      const float lambda, const float examples, const float rate PRODUCT_PARAMETERS) {
  const float inverse = 1.0f / examples;
  const int exact = EXACT(examples);
#define NEXT(theta, sum, penalty, exact) descended(theta, (sum) + 0.0f, penalty, examples, inverse, exact, rate)
#define STORE(row, col, left, v)                                                       \
  if ((left) > 0) {                                                                    \
    __global float *p = WEIGHT_AT(T, panel, step, row, col);                           \
    STORE_REAL(NEXT(LOAD_REAL(p), v, (row) < M - 1 ? lambda : 0.0f, exact), left, p);  \
  }
#define FROM(i, j) WEIGHT_AT(T, panel, step, m + (i), n + (j)*VW)
#define TO FROM
#undef FETCH_EIGHT
#define FETCH_EIGHT FETCH_BLOCK(WEIGHT_AT(T, panel, step, m, n))
#define FETCH_LINE(m, n) FETCH(WEIGHT_AT(T, panel, step, m, n))
  PRODUCT(a, lda, apanel, D, dpanel, ldd)
#undef STORE
#undef FETCH_LINE
#undef NEXT
#undef FROM
#undef TO
}
#endif
