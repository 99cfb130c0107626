// average.cl: E := E + s (Θ − E), weights and biases alike.
//
//   E, T  the mean and Θ of one layer, laid out alike: n floats, a multiple of VW
//
// Launch: as sgd.cl, and so is CHUNK.

#pragma OPENCL FP_CONTRACT OFF

#ifndef CHUNK
#define CHUNK 1
#endif

__kernel void average(const int n, const float share, __global const float *T, __global float *E) {
  const int first = (int)get_global_id(0) * (CHUNK * VW);
  const int end = min(first + CHUNK * VW, n);
  for (int i = first; i < end; i += VW) {
    const floatv e = LOADV(E + i);
    STOREV(e + share * (LOADV(T + i) - e), E + i);
  }
}
