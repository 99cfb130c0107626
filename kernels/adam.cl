// adam.cl: m := β1 m + (1−β1) D, v := β2 v + (1−β2) D², Θ := k Θ − size m/(√v/root + ε)
// in one pass. The host gives size = α/(1−β1^t) and root = √(1−β2^t); k is shrink =
// 1 − αλ for weights and 1 for biases.
//
//   T, D, M, V    Θ, D, m and v of one layer, laid out alike: n floats, a multiple of
//                 VW; row r of panel p at [p·panel + r·nr], row in is the bias
//   rest1, rest2  1−β1 and 1−β2, which 1.0f − beta would not give to its last digits
//
// Padding is 0, and 0/(0 + ε) keeps it so: ε is above 0.
// Launch: as sgd.cl, and so is CHUNK.

#pragma OPENCL FP_CONTRACT OFF

#ifndef CHUNK
#define CHUNK 1
#endif

__kernel void adam(const int n, const float size, const float root, const float shrink, const float beta1,
                   const float rest1, const float beta2, const float rest2, const float eps, const int in,
                   const int panel, const int nr, __global float *T, __global const float *D,
                   __global float *M, __global float *V) {
  const int first = (int)get_global_id(0) * (CHUNK * VW);
  const int end = min(first + CHUNK * VW, n);
  for (int i = first; i < end; i += VW) {
    const float keep = i % panel < in * nr ? shrink : 1.0f;
    const floatv d = LOADV(D + i);
    const floatv m = beta1 * LOADV(M + i) + rest1 * d;
    const floatv v = beta2 * LOADV(V + i) + rest2 * (d * d);
    STOREV(m, M + i);
    STOREV(v, V + i);
    STOREV(keep * LOADV(T + i) - size * m / (sqrt(v) / root + eps), T + i);
  }
}
