// philox.cl: four random words for each of VW counters, in place of the counters; the same
// words as cpuref/philox.go. It is put before the kernels that want some.
//
//   c0…c3   the counters (c0, c1, c2, c3), of which the lanes differ in c0: LANES counts them
//   k0, k1  the key
//
// Philox4x32-10: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC'11 (2011), §3.3 and table 2.

#if VW == 1
typedef uint uintv;
typedef ulong ulongv;
#define WIDE(x) ((ulong)(x))
#define NARROW(x) ((uint)(x))
#define FLOATS(x) ((float)(x))
#define LANES 0u
#else
typedef CAT(uint, VW) uintv;
typedef CAT(ulong, VW) ulongv;
#define WIDE(x) CAT(convert_ulong, VW)(x)
#define NARROW(x) CAT(convert_uint, VW)(x)
#define FLOATS(x) CAT(convert_float, VW)(x)
#if VW == 2
#define LANES ((uintv)(0, 1))
#elif VW == 4
#define LANES ((uintv)(0, 1, 2, 3))
#elif VW == 8
#define LANES ((uintv)(0, 1, 2, 3, 4, 5, 6, 7))
#else
#define LANES ((uintv)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#endif
#endif

inline void philox(uintv *w0, uintv *w1, uintv *w2, uintv *w3, uint k0, uint k1) {
  uintv c0 = *w0, c1 = *w1, c2 = *w2, c3 = *w3;
  for (int round = 0; round < 10; round++) {
    // The product of 64 bits, and not mul_hi: compilers for CPUs have a vector of the one.
    const ulongv p0 = WIDE(c0) * 0xD2511F53ul, p1 = WIDE(c2) * 0xCD9E8D57ul;
    c0 = NARROW(p1 >> 32) ^ c1 ^ k0;
    c1 = NARROW(p1);
    c2 = NARROW(p0 >> 32) ^ c3 ^ k1;
    c3 = NARROW(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  *w0 = c0, *w1 = c1, *w2 = c2, *w3 = c3;
}
