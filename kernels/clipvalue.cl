// clipvalue.cl: every element of D cut to −limit … limit; NaN stays.
//
//   D  D of one layer: n floats, a multiple of VW
//
// Launch: as sgd.cl, and so is CHUNK.

#ifndef CHUNK
#define CHUNK 1
#endif

__kernel void clipvalue(const int n, const float limit, __global float *D) {
  const int first = (int)get_global_id(0) * (CHUNK * VW);
  const int end = min(first + CHUNK * VW, n);
  for (int i = first; i < end; i += VW) {
    const floatv d = LOADV(D + i); // not clamp(), which makes a number of a NaN
    STOREV(d > limit ? (floatv)limit : d < -limit ? (floatv)-limit : d, D + i);
  }
}
