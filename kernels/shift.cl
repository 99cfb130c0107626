// shift.cl: O(y, x, c) = A(y + dy, x′ + dx, c), or 0 where that is outside, of the image in
// each row, x′ = width−1−x if the row is mirrored, else x; cpuref/shift.go says how dy, dx
// and what is mirrored are drawn, the same on every engine.
//
//   A, O   pixel (y, x) of channel c of row i at [i·ld + (y·width + x)·channels + c]; not
//          the same memory; halves with A_HALF and C_HALF (common.cl)
//   first  the number of row 0 in its batch
//   by     the largest |dy| and |dx|
//   flip   whether rows are mirrored, each with probability 1/2
//
// Launch: global (≥ 1, rows), grid-stride over the pixels of a row; any local size. It is
// built with VW = 1: a row needs the words of one counter.

inline int uniform(const uint word, const int by) { return (int)(((ulong)word * (ulong)(2 * by + 1)) >> 32) - by; }

__kernel void shift(const int rows, const int height, const uint step, const uint first, __global const A_TYPE *A,
                    const int lda, __global C_TYPE *O, const int ldo, const int width, const int channels, const int by,
                    const int flip, const uint layer, const uint key0, const uint key1) {
  const int i = get_global_id(1);
  if (i >= rows) return;
  uint w0 = 0, w1 = first + (uint)i, w2 = layer, w3 = step;
  philox(&w0, &w1, &w2, &w3, key0, key1);
  const int dy = uniform(w0, by), dx = uniform(w1, by);
  const int mirrored = flip && w2 >> 31;
  A += (size_t)i * lda;
  O += (size_t)i * ldo;
  const int stride = (int)get_global_size(0);
  int y = 0, x = (int)get_global_id(0);
  for (int p = x; p < height * width; p += stride, x += stride) {
    while (x >= width) { // and no division
      x -= width;
      y++;
    }
    const int from_y = y + dy, from_x = (mirrored ? width - 1 - x : x) + dx;
    const int inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;
    for (int c = 0; c < channels; c++)
      STORE_C(inside ? LOAD_A(A + (from_y * width + from_x) * channels + c) : 0.0f, O + p * channels + c);
  }
}
