// sgd.cl: Θ := Θ − α D, weights and biases alike.
//
//   T, D  Θ and D of one layer, laid out alike: n floats, a multiple of VW
//
// Launch: global (≥ n/VW/CHUNK), a work-item CHUNK vectors that lie together; any local
// size.
// Tunables: CHUNK 1 on GPUs, whose loads then coalesce; 128 on CPUs, where a
// work-item then walks along cache lines and pages.

#pragma OPENCL FP_CONTRACT OFF

#ifndef CHUNK
#define CHUNK 1
#endif

__kernel void sgd(const int n, const float rate, __global float *T, __global const float *D) {
  const int first = (int)get_global_id(0) * (CHUNK * VW);
  const int end = min(first + CHUNK * VW, n);
  for (int v = first; v < end; v += VW) STOREV(LOADV(T + v) - rate * LOADV(D + v), T + v);
}
