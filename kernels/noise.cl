// noise.cl: O = A + σn, n normal of mean 0 and variance 1; cpuref/noise.go says how n is
// made of random words, which are the same on every engine.
//
//   A, O   (i, j) at [i·ld + j], rows × cols; may be the same matrix; halves with A_HALF and
//          C_HALF (common.cl)
//   first  the number of row 0 in its batch
//   sigma  σ
//
// Launch: global (≥ 1, rows), grid-stride over the counters of a row, VW at a time, each of
// which gives the noise of 4 vectors, 16 columns apart; any local size. VW divides 16.
//
// G. E. P. Box and M. E. Muller, "A note on the generation of random normal deviates",
// Annals of Mathematical Statistics 29 (1958) 610–611.

inline void add_noise(const floatv n, const int left, __global const A_TYPE *a, __global C_TYPE *o) {
  if (left > 0) store_part_c(LOADV_A(a) + n, left, o);
}

// √(−2 ln u1), u1 in (0, 1], and 2 u2, u2 in [0, 1), of 24 bits of a word each: both exact.
#define RADIUS(word) sqrt(-2.0f * log(FLOATS(((word) >> 8) + 1u) * 0x1p-24f))
#define TURN(word) (FLOATS((word) >> 8) * 0x1p-23f)

__kernel void noise(const int rows, const int cols, const uint step, const uint first, __global const A_TYPE *A,
                    const int lda, __global C_TYPE *O, const int ldo, const float sigma, const uint layer,
                    const uint key0, const uint key1) {
  const int i = get_global_id(1);
  if (i >= rows) return;
  A += (size_t)i * lda;
  O += (size_t)i * ldo;
  const int counters = (cols + 63) / 64 * 16;
  for (int c = (int)get_global_id(0) * VW; c < counters; c += (int)get_global_size(0) * VW) {
    const int j = c / 16 * 64 + c % 16;
    if (j >= cols) continue;
    uintv w0 = (uintv)(uint)c + LANES, w1 = (uintv)(first + (uint)i), w2 = (uintv)layer, w3 = (uintv)step;
    philox(&w0, &w1, &w2, &w3, key0, key1);
    floatv r = sigma * RADIUS(w0), t = TURN(w1);
    add_noise(r * cospi(t), cols - j, A + j, O + j);
    add_noise(r * sinpi(t), cols - j - 16, A + j + 16, O + j + 16);
    r = sigma * RADIUS(w2), t = TURN(w3);
    add_noise(r * cospi(t), cols - j - 32, A + j + 32, O + j + 32);
    add_noise(r * sinpi(t), cols - j - 48, A + j + 48, O + j + 48);
  }
}
