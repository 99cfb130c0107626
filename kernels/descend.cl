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
// results are the same bits.
//
// Launch contract: see block.cl (CPUs) and tile.cl (GPUs). Built with TA.

// gradient_of is a division by m, of which inverse is 1/m, or three steps that are faster where fma is
// one: q + (t − qm)/m is t/m rounded once, of integers m below 2²², if t/m is neither infinite nor so
// small that bits are missing. q is at most 2 ulp from t/m, so that t − qm is exact and its product with
// 1/m off by at most ulp/2²³; and t/m, which no rounding boundary is nearer to than ulp/2m, is on the
// same side of all of them. P. Markstein, "Computation of elementary functions on the IBM RISC
// System/6000 processor", IBM Journal of Research and Development 34 (1990).
inline real gradient_of(real theta, real sum, float penalty, float m, float inverse) {
#pragma OPENCL FP_CONTRACT OFF
  const real total = sum + penalty * theta;
#ifdef FAST_FMA
  const real q = total * inverse;
  if ((as_int(m) & 0x7fffff) == 0) return q; // of a power of two, which has no fraction bits
  return fma(fma(-q, (real)m, total), (real)inverse, q);
#else
  return total / m;
#endif
}

inline real descended(real theta, real sum, float penalty, float m, float inverse, float rate) {
#pragma OPENCL FP_CONTRACT OFF
  const real step = rate * gradient_of(theta, sum, penalty, m, inverse);
  return theta - step;
}

__kernel void descend(const int M, const int N, const int K,
                      __global const A_TYPE *restrict a, const int lda, const int apanel,
                      __global const B_TYPE *restrict D, const int ldd, const int dpanel,
                      __global float *restrict T, const int panel, const int step,
                      const float lambda, const float examples, const float rate) {
  const float inverse = 1.0f / examples;
#define STORE(row, col, left, v)                                                                \
  if ((left) > 0) {                                                                             \
    __global float *p = WEIGHT_AT(T, panel, step, row, col);                                    \
    const float penalty = (row) < M - 1 ? lambda : 0.0f;                                        \
    STORE_REAL(descended(LOAD_REAL(p), (v) + 0.0f, penalty, examples, inverse, rate), left, p); \
  }
#undef FETCH_EIGHT
#define FETCH_EIGHT FETCH_BLOCK(WEIGHT_AT(T, panel, step, m, n))
  PRODUCT(a, lda, apanel, D, dpanel, ldd)
#undef STORE
}
