// dropout.cl: O = A/(1−p) where the mask keeps an element, else 0; cpuref/dropout.go has the
// formula of the mask, which is the same bits on every engine.
//
//   A, O   (i, j) at [i·ld + j], rows × cols; may be the same matrix; halves with A_HALF and
//          C_HALF (common.cl)
//   first  the number of row 0 in its batch, of which the mask is
//
// Launch: global (≥ 1, rows), grid-stride over the counters of a row, VW at a time, each of
// which gives the masks of 4 vectors, 16 columns apart; any local size. VW divides 16.

#if VW == 1
#define CHOOSE(word, v) ((word) >= threshold ? (v) : 0.0f)
#else
#define CHOOSE(word, v) ((word) >= (uintv)threshold ? (v) : (floatv)0.0f)
#endif

inline void keep(const uintv word, const uint threshold, const float scale, const int left,
                 __global const A_TYPE *a, __global C_TYPE *o) {
  if (left > 0) store_part_c(CHOOSE(word, scale * LOADV_A(a)), left, o);
}

__kernel void dropout(const int rows, const int cols, const uint step, const uint first,
                      __global const A_TYPE *A, const int lda, __global C_TYPE *O, const int ldo, const uint threshold,
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
    philox(&c0, &c1, &c2, &c3, key0, key1);
    keep(c0, threshold, scale, cols - j, A + j, O + j);
    keep(c1, threshold, scale, cols - j - 16, A + j + 16, O + j + 16);
    keep(c2, threshold, scale, cols - j - 32, A + j + 32, O + j + 32);
    keep(c3, threshold, scale, cols - j - 48, A + j + 48, O + j + 48);
  }
}
