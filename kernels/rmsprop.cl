// rmsprop.cl: s := ρ s + (1−ρ) D², Θ := Θ − α D/(√s + ε).
//
//   T, D, S  Θ, D and s of one layer, laid out alike: n floats, a multiple of VW
//   rest     1−ρ, which 1.0f − rho would not give to its last digits
//
// Padding is 0, and 0/(0 + ε) keeps it so: ε is above 0.
// Launch: as sgd.cl, and so is CHUNK.

#pragma OPENCL FP_CONTRACT OFF

#ifndef CHUNK
#define CHUNK 1
#endif

__kernel void rmsprop(const int n, const float rate, const float rho, const float rest, const float eps,
                      __global float *T, __global const float *D, __global float *S) {
  const int first = (int)get_global_id(0) * (CHUNK * VW);
  const int end = min(first + CHUNK * VW, n);
  for (int i = first; i < end; i += VW) {
    const floatv d = LOADV(D + i);
    const floatv s = rho * LOADV(S + i) + rest * (d * d);
    STOREV(s, S + i);
    STOREV(LOADV(T + i) - rate * d / (sqrt(s) + eps), T + i);
  }
}
