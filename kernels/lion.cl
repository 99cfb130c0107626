// lion.cl: Θ := k Θ − α sign(β1 m + (1−β1) D), m := β2 m + (1−β2) D in one pass; k is
// shrink = 1 − αλ for weights and 1 for biases.
//
//   T, D, M       Θ, D and m of one layer, laid out alike: n floats, a multiple of VW;
//                 row r of panel p at [p·panel + r·nr], row in is the bias
//   rest1, rest2  1−β1 and 1−β2, which 1.0f − beta would not give to its last digits
//
// Launch: as sgd.cl, and so is CHUNK.

#pragma OPENCL FP_CONTRACT OFF

#ifndef CHUNK
#define CHUNK 1
#endif

__kernel void lion(const int n, const float rate, const float shrink, const float beta1, const float rest1,
                   const float beta2, const float rest2, const int in, const int panel, const int nr,
                   __global float *T, __global const float *D, __global float *M) {
  const int first = (int)get_global_id(0) * (CHUNK * VW);
  const int end = min(first + CHUNK * VW, n);
  for (int i = first; i < end; i += VW) {
    const float keep = i % panel < in * nr ? shrink : 1.0f;
    const floatv d = LOADV(D + i), m = LOADV(M + i);
    const floatv c = beta1 * m + rest1 * d;
    // not sign(), which makes 0 of a NaN
    const floatv s = c > 0.0f ? (floatv)1.0f : c < 0.0f ? (floatv)-1.0f : c;
    STOREV(keep * LOADV(T + i) - rate * s, T + i);
    STOREV(beta2 * m + rest2 * d, M + i);
  }
}
