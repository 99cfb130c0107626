// common.cl: what every kernel file shares. It is put before each of them.
//
// Tunables (set by kernels.Set from the device, each with a safe default):
//   VW   floats in a vector: 1, 2, 4, 8 or 16. CPUs: CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT;
//        GPUs: 4 for element-wise kernels, whose loads then coalesce.
//
// LOADV reads a vector, from anywhere; STOREV writes one to global memory, KEEPV to private.

#ifndef VW
#define VW 4
#endif

#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)

// A CPU's compiler that is clang has plain pointers, its builtins and its attributes.
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define CPU_CLANG
#endif

#if VW == 1
typedef float floatv;
typedef int intv;
#define LOADV(p) (*(p))
#define STOREV(v, p) (*(p) = (v))
#define KEEPV STOREV
#else
typedef CAT(float, VW) floatv;
typedef CAT(int, VW) intv;
#define LOADV(p) CAT(vload, VW)(0, p)
#define KEEPV(v, p) CAT(vstore, VW)(v, 0, p)
#ifdef CPU_CLANG
// PoCL's vstore writes a vector in three parts. A vector of this type may lie where a float may.
typedef floatv __attribute__((aligned(4))) floatv_anywhere;
#define STOREV(v, p) (*(__global floatv_anywhere *)(p) = (v))
#else
#define STOREV(v, p) CAT(vstore, VW)(v, 0, p)
#endif
#endif

// STORE_PAST is STOREV past the caches, to a multiple of VW floats of a buffer: what is written whole
// and read much later, which a CPU then need not read first.
#if VW > 1 && defined(CPU_CLANG)
#define STORE_PAST(v, p) __builtin_nontemporal_store(v, (__global floatv *)(p))
#else
#define STORE_PAST(v, p) STOREV(v, p)
#endif

// One multiply-add. fma where the device has it in hardware, so that a device
// without it is not slowed down by an emulation.
#ifdef FP_FAST_FMAF
#define MULADD(a, b, c) fma(a, b, c)
#else
#define MULADD(a, b, c) ((a) * (b) + (c))
#endif

// Where fma is one instruction, as far as is said: PoCL defines none of OpenCL's names for it.
#if defined(FP_FAST_FMAF) || defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define FAST_FMA
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

// lanes is the sum of the lanes of v, in their order.
inline float lanes(const floatv v) {
#if VW == 1
  return v;
#else
  float lane[VW], sum = 0.0f;
  CAT(vstore, VW)(v, 0, lane);
  for (int j = 0; j < VW; j++) sum += lane[j];
  return sum;
#endif
}

// What a work-item finds of a row, such as its sum, it keeps in ROW_LANES lanes, whatever VW is, so
// that it has the same bits: lane j goes over elements j, j + ROW_LANES, … They are in ROW_PARTS vectors.
#define ROW_LANES 16
#define ROW_PARTS (ROW_LANES / VW)

// lane_numbers is 0, 1, … VW − 1.
inline intv lane_numbers() {
#if VW == 1
  return 0;
#else
  const int number[ROW_LANES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return CAT(vload, VW)(0, number);
#endif
}

// first_lanes is v with 0 in place of all but the first left lanes.
inline floatv first_lanes(floatv v, int left) { return left >= VW ? v : lane_numbers() < left ? v : (floatv)0.0f; }

// add_lanes adds the lanes: halves of them, then halves of the sums.
inline float add_lanes(const floatv *part) {
  float lane[ROW_LANES];
  for (int p = 0; p < ROW_PARTS; p++) KEEPV(part[p], lane + p * VW);
  for (int h = ROW_LANES / 2; h > 0; h /= 2)
    for (int j = 0; j < h; j++) lane[j] += lane[j + h];
  return lane[0];
}

// An operand that lies in memory as halves (IEEE 754 binary16) is read and written by the
// macros below; arithmetic is in float, and a store rounds to the nearest half, ties to even.
// The host sets A_HALF and B_HALF for the left and right operand of a product, of which A is
// also what other kernels read, and C_HALF for what a kernel writes. One element goes through
// vload_half and vstore_half, which every OpenCL has, with cl_khr_fp16 or without. Vectors are
// converted by hand: a CPU's driver may write a call or a page of code for each lane.
#if defined(A_HALF) || defined(B_HALF) || defined(C_HALF)
#if VW == 1
#define AS_FLOATV as_float
#define AS_INTV as_int
#define LOADV_HALF(p) vload_half(0, p)
#else
#define AS_FLOATV CAT(as_float, VW)
#define AS_INTV CAT(as_int, VW)
#define LOADV_HALF(p) widen(CAT(convert_int, VW)(CAT(vload, VW)(0, (__global const ushort *)(p))))
#endif

// widen takes the bits of halves. A number below 2^-14 is m/2^24, which the exponent of 2^-14
// in front of m gives with 2^-14 on top.
inline floatv widen(const intv half_bits) {
  const intv magnitude = (half_bits & 0x7fff) << 13, sign = (half_bits & 0x8000) << 16;
  const intv normal = magnitude + (112 << 23), infinite = magnitude + (224 << 23);
  const intv small = AS_INTV(AS_FLOATV(magnitude + (113 << 23)) - 0x1p-14f);
  intv bits = magnitude < (1 << 23) ? small : normal;
  bits = magnitude >= (31 << 23) ? infinite : bits;
  return AS_FLOATV(bits | sign);
}

// narrow gives the bits of the nearest halves, as cpuref.ToHalf does and says how.
inline intv narrow(const floatv v) {
  const intv bits = AS_INTV(v) & 0x7fffffff, sign = (AS_INTV(v) >> 16) & 0x8000;
  const intv normal = (bits + 0xfff + ((bits >> 13) & 1) - (112 << 23)) >> 13;
  const intv small = AS_INTV(AS_FLOATV(bits) + 0.5f) - 0x3f000000;
  intv result = bits < 0x38800000 ? small : normal;
  result = bits >= 0x477ff000 ? (intv)0x7c00 : result;
  result = bits > 0x7f800000 ? (intv)0x7e00 : result;
  return result | sign;
}
#endif

#ifdef A_HALF
#define A_TYPE half
#define LOAD_A(p) vload_half(0, p)
#define LOADV_A(p) LOADV_HALF(p)
#else
#define A_TYPE float
#define LOAD_A(p) (*(p))
#define LOADV_A(p) LOADV(p)
#endif
#ifdef B_HALF
#define B_TYPE half
#define LOAD_B(p) vload_half(0, p)
#define LOADV_B(p) LOADV_HALF(p)
#else
#define B_TYPE float
#define LOAD_B(p) (*(p))
#define LOADV_B(p) LOADV(p)
#endif

// STORE_C writes one element, store_part_c is store_part.
#ifdef C_HALF
#define C_TYPE half
#define STORE_C(v, p) vstore_half_rte(v, 0, p)
inline void store_part_c(floatv v, int left, __global half *p) {
#if VW == 1
  if (left > 0) STORE_C(v, p);
#else
  __global ushort *to = (__global ushort *)p;
  const CAT(ushort, VW) bits = CAT(convert_ushort, VW)(narrow(v));
  if (left >= VW) {
    CAT(vstore, VW)(bits, 0, to);
  } else if (left > 0) {
    ushort lane[VW];
    CAT(vstore, VW)(bits, 0, lane);
    for (int j = 0; j < left; j++) to[j] = lane[j];
  }
#endif
}
#else
#define C_TYPE float
#define STORE_C(v, p) (*(p) = (v))
inline void store_part_c(floatv v, int left, __global float *p) { store_part(v, left, p); }
#endif

// FETCH brings a cache line of global memory near before it is needed; where there is no builtin for
// that, it is no more than a hint, and left out. A fetch past the end of a buffer does nothing.
#ifdef CPU_CLANG
#define FETCH(p) __builtin_prefetch((const void *)(size_t)(p));
#else
#define FETCH(p)
#endif
