// dropout.cl: O = A/(1−p) where the mask keeps an element, else 0; cpuref/dropout.go has the
// formula of the mask, which is the same bits on every engine.
//
//   A, O   (i, j) at [i·ld + j], rows × cols; may be the same matrix
//   first  the number of row 0 in its batch, of which the mask is
//
// Launch: global (≥ 1, rows), grid-stride over the counters of a row, VW at a time, each of
// which gives the masks of 4 vectors, 16 columns apart; any local size. VW divides 16.
//
// Philox4x32-10: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC'11 (2011), §3.3 and table 2, on VW counters at once.

#if VW == 1
typedef uint uintv;
typedef ulong ulongv;
#define WIDE(x) ((ulong)(x))
#define NARROW(x) ((uint)(x))
#define LANES 0u
#define CHOOSE(word, v) ((word) >= threshold ? (v) : 0.0f)
#else
typedef CAT(uint, VW) uintv;
typedef CAT(ulong, VW) ulongv;
#define WIDE(x) CAT(convert_ulong, VW)(x)
#define NARROW(x) CAT(convert_uint, VW)(x)
#if VW == 2
#define LANES ((uintv)(0, 1))
#elif VW == 4
#define LANES ((uintv)(0, 1, 2, 3))
#elif VW == 8
#define LANES ((uintv)(0, 1, 2, 3, 4, 5, 6, 7))
#else
#define LANES ((uintv)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#endif
#define CHOOSE(word, v) ((word) >= (uintv)threshold ? (v) : (floatv)0.0f)
#endif

inline void keep(const uintv word, const uint threshold, const float scale, const int left,
                 __global const float *a, __global float *o) {
  if (left > 0) store_part(CHOOSE(word, scale * LOADV(a)), left, o);
}

__kernel void dropout(const int rows, const int cols, const uint step, const uint first,
                      __global const float *A, const int lda, __global float *O, const int ldo, const uint threshold,
                      const float scale, const uint layer, const uint key0, const uint key1) {
  const int i = get_global_id(1);
  if (i >= rows) return;
  A += (size_t)i * lda;
  O += (size_t)i * ldo;
  const int counters = (cols + 63) / 64 * 16;
  for (int c = (int)get_global_id(0) * VW; c < counters; c += (int)get_global_size(0) * VW) {
    const int j = c / 16 * 64 + c % 16;
    if (j >= cols) continue;
    uintv c0 = (uintv)(uint)c + LANES, c1 = (uintv)(first + (uint)i), c2 = (uintv)layer, c3 = (uintv)step;
    uint k0 = key0, k1 = key1;
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
    keep(c0, threshold, scale, cols - j, A + j, O + j);
    keep(c1, threshold, scale, cols - j - 16, A + j + 16, O + j + 16);
    keep(c2, threshold, scale, cols - j - 32, A + j + 32, O + j + 32);
    keep(c3, threshold, scale, cols - j - 48, A + j + 48, O + j + 48);
  }
}
