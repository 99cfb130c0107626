// momentum.cl: v := μ v + D, Θ := Θ − α v, or with NESTEROV Θ := Θ − α (D + μ v).
//
//   T, D, V  Θ, D and v of one layer, laid out alike: n floats, a multiple of VW
//
// Launch: as sgd.cl, and so is CHUNK.

#pragma OPENCL FP_CONTRACT OFF

#ifndef CHUNK
#define CHUNK 1
#endif

__kernel void momentum(const int n, const float rate, const float mu, __global float *T,
                       __global const float *D, __global float *V) {
  const int first = (int)get_global_id(0) * (CHUNK * VW);
  const int end = min(first + CHUNK * VW, n);
  for (int i = first; i < end; i += VW) {
    const floatv d = LOADV(D + i);
    const floatv v = mu * LOADV(V + i) + d;
    STOREV(v, V + i);
#ifdef NESTEROV
    STOREV(LOADV(T + i) - rate * (d + mu * v), T + i);
#else
    STOREV(LOADV(T + i) - rate * v, T + i);
#endif
  }
}
