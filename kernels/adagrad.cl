// adagrad.cl: s := s + D², Θ := Θ − α D/(√s + ε).
//
//   T, D, S  Θ, D and s of one layer, laid out alike: n floats, a multiple of VW
//
// Padding is 0, and 0/(0 + ε) keeps it so: ε is above 0.
// Launch: as sgd.cl, and so is CHUNK.

#pragma OPENCL FP_CONTRACT OFF

#ifndef CHUNK
#define CHUNK 1
#endif

__kernel void adagrad(const int n, const float rate, const float eps, __global float *T,
                      __global const float *D, __global float *S) {
  const int first = (int)get_global_id(0) * (CHUNK * VW);
  const int end = min(first + CHUNK * VW, n);
  for (int i = first; i < end; i += VW) {
    const floatv d = LOADV(D + i);
    const floatv s = LOADV(S + i) + d * d;
    STOREV(s, S + i);
    STOREV(LOADV(T + i) - rate * d / (sqrt(s) + eps), T + i);
  }
}
