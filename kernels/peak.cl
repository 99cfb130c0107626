// peak.cl: what a device can do at best, to measure the other kernels by.
//
//   peakfma   12 independent multiply-adds a round on vectors in registers; one
//             store at the end, so that the compiler keeps the work
//   peakcopy  C = A: the bandwidth of reading and writing
//
// Launch: peakfma global (items), any local size, out has items·VW floats;
// peakcopy global (≥ n/VW/CHUNK), a work-item CHUNK vectors that lie together, n a
// multiple of VW.
// Tunables: CHUNK as in sgd.cl. 12 chains hide the latency of a multiply-add, 4 or 5
// cycles on 2 units, and leave room in 16 vector registers.

__kernel void peakfma(const int rounds, const float x, const float y, __global float *out) {
  floatv c0 = (floatv)((float)get_global_id(0)), c1 = c0 + 1.0f, c2 = c0 + 2.0f, c3 = c0 + 3.0f;
  floatv c4 = c0 + 4.0f, c5 = c0 + 5.0f, c6 = c0 + 6.0f, c7 = c0 + 7.0f;
  floatv c8 = c0 + 8.0f, c9 = c0 + 9.0f, c10 = c0 + 10.0f, c11 = c0 + 11.0f;
  const floatv a = (floatv)(x), b = (floatv)(y);
  for (int i = 0; i < rounds; i++) {
    c0 = MULADD(c0, a, b); c1 = MULADD(c1, a, b); c2 = MULADD(c2, a, b); c3 = MULADD(c3, a, b);
    c4 = MULADD(c4, a, b); c5 = MULADD(c5, a, b); c6 = MULADD(c6, a, b); c7 = MULADD(c7, a, b);
    c8 = MULADD(c8, a, b); c9 = MULADD(c9, a, b); c10 = MULADD(c10, a, b); c11 = MULADD(c11, a, b);
  }
  STOREV(((c0 + c1) + (c2 + c3)) + ((c4 + c5) + (c6 + c7)) + ((c8 + c9) + (c10 + c11)), out + get_global_id(0) * VW);
}

#ifndef CHUNK
#define CHUNK 1
#endif

__kernel void peakcopy(const int n, __global const float *restrict A, __global float *restrict C) {
  const int first = (int)get_global_id(0) * (CHUNK * VW);
  const int end = min(first + CHUNK * VW, n);
  for (int v = first; v < end; v += VW) STOREV(LOADV(A + v), C + v);
}
