// hiddendot.cl: δ(l) = (δ(l+1) W(l)) ⊙ g′(z(l)) for a few examples: hiddendelta.cl without
// the transposed copy of the weights, which costs more than the product then.
//
//   C_mn = (Σ_k D_mk W_nk) ⊙ ACT_PRIME(a_mn)      M = batch, N = in, K = out
//
//   D     (m, k) at D[m·ldd + k]: δ(l+1)
//   W     input n, output k at W[(k / nr)·panel + n·nr + k % nr]: the weights as they lie
//   a     (m, n) at a[m·lda + n]: a(l), or z(l) for an activation that needs it
//   C     (m, n) at C[m·ldc + n]: δ(l)
//
// A work-item has VW inputs n at a time, and multiplies VW outputs k of each at once: lane j
// sums k = j, VW + j, …, and the lanes are added at the end, in order of halves. What fills
// the last panel is 0, and D is cut off at K.
//
// Launch: global (≥ ⌈in/(VW·STRIP)⌉), a work-item STRIP groups of VW inputs of every
// example, local (1), no local memory.
// VW is 8 on every device, so that a sum has the same bits whatever the tuning; nr is a
// multiple of it.
// Tunable: STRIP 2 groups, of which the weights, 2·VW·out floats, stay in a cache from one
// example to the next.

#ifndef STRIP
#define STRIP 2
#endif

typedef floatv real;

#define MULADD_UNIT(i) c##i = MULADD(d, LOADV(w + (i)*nr), c##i);

__kernel void hiddendot(const int M, const int N, const int K,
                        __global const float *restrict D, const int ldd,
                        __global const float *restrict W, const int panel, const int nr,
                        __global const float *restrict a, const int lda,
                        __global float *restrict C, const int ldc) {
  const int first = (int)get_global_id(0) * (VW * STRIP);
  for (int n = first; n < min(first + VW * STRIP, N); n += VW) {
    for (int m = 0; m < M; m++) {
      __global const float *delta = D + (size_t)m * ldd;
      UNITS(DECLARE_UNIT)
      int k = 0;
      for (; k + VW <= K; k += VW) {
        __global const float *w = W + k / nr * (size_t)panel + (size_t)n * nr + k % nr;
        const floatv d = LOADV(delta + k);
        UNITS(MULADD_UNIT)
      }
      if (k < K) {
        __global const float *w = W + k / nr * (size_t)panel + (size_t)n * nr + k % nr;
        float lane[VW];
        for (int j = 0; j < VW; j++) lane[j] = k + j < K ? delta[k + j] : 0.0f;
        const floatv d = CAT(vload, VW)(0, lane);
        UNITS(MULADD_UNIT)
      }
      floatv v[VW] = {UNITS(LIST_UNIT)};
      transpose(v, VW);
      for (int h = VW / 2; h > 0; h /= 2)
        for (int j = 0; j < h; j++) v[j] += v[j + h];
      const real prime = ACT_PRIME(LOADV(a + (size_t)m * lda + n));
      store_part(v[0] * prime, N - n, C + (size_t)m * ldc + n);
    }
  }
}
