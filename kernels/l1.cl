// l1.cl: D := D + (λ1/m) sign(Θ) for weights; biases stay.
//
//   T, D  Θ and D of one layer, laid out alike: n floats, a multiple of VW; row r of
//         panel p at [p·panel + r·nr], row in is the bias
//   strength  λ1/m
//
// Launch: as sgd.cl, and so is CHUNK.

#pragma OPENCL FP_CONTRACT OFF

#ifndef CHUNK
#define CHUNK 1
#endif

__kernel void l1(const int n, const int in, const int panel, const int nr, const float strength,
                 __global const float *T, __global float *D) {
  const int first = (int)get_global_id(0) * (CHUNK * VW);
  const int end = min(first + CHUNK * VW, n);
  for (int i = first; i < end; i += VW) {
    if (i % panel >= in * nr) continue;
    const floatv t = LOADV(T + i);
    // not sign(), which makes 0 of a NaN
    const floatv s = t > 0.0f ? (floatv)1.0f : t < 0.0f ? (floatv)-1.0f : t;
    STOREV(LOADV(D + i) + strength * s, D + i);
  }
}
