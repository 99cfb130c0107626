// common.cl: what every kernel file shares. It is put before each of them.
//
// Tunables (set by kernels.Set from the device, each with a safe default):
//   VW   floats in a vector: 1, 2, 4, 8 or 16. CPUs: CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT;
//        GPUs: 4 for element-wise kernels, whose loads then coalesce.

#ifndef VW
#define VW 4
#endif

#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)

#if VW == 1
typedef float floatv;
typedef int intv;
#define LOADV(p) (*(p))
#define STOREV(v, p) (*(p) = (v))
#else
typedef CAT(float, VW) floatv;
typedef CAT(int, VW) intv;
#define LOADV(p) CAT(vload, VW)(0, p)
#define STOREV(v, p) CAT(vstore, VW)(v, 0, p)
#endif

// One multiply-add. fma where the device has it in hardware, so that a device
// without it is not slowed down by an emulation.
#ifdef FP_FAST_FMAF
#define MULADD(a, b, c) fma(a, b, c)
#else
#define MULADD(a, b, c) ((a) * (b) + (c))
#endif

// store_part writes the first left lanes of v, at most VW. Columns past a
// matrix's width keep what they hold: they carry the constant 1 that multiplies
// the bias, and zeros.
inline void store_part(floatv v, int left, __global float *p) {
#if VW == 1
  if (left > 0) *p = v;
#else
  if (left >= VW) {
    STOREV(v, p);
  } else if (left > 0) {
    float lane[VW];
    CAT(vstore, VW)(v, 0, lane);
    for (int j = 0; j < left; j++) p[j] = lane[j];
  }
#endif
}

// add_lanes adds the first left lanes, at most VW, in their order.
inline float add_lanes(float sum, floatv v, int left) {
#if VW == 1
  return sum + v;
#else
  float lane[VW];
  STOREV(v, lane);
  for (int j = 0; j < min(left, VW); j++) sum += lane[j];
  return sum;
#endif
}

// FETCH brings a cache line of global memory near before it is needed. A CPU's compiler
// has plain pointers and its builtins; others need no hint. A fetch past the end of a
// buffer does nothing.
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define FETCH(p) __builtin_prefetch((const void *)(size_t)(p));
#else
#define FETCH(p)
#endif
