// amx.cl: the matrix product of CPU devices with a unit for matrices (Intel AMX). Not a kernel: forward.cl,
// hiddendelta.cl, accumulate.cl and descend.cl put their arguments and their epilogue around it.
//
// The unit multiplies 16 × 32 by 32 × 16 numbers of 8 significant bits (bfloat16) into 16 × 16 floats, 16 times
// as many a second as the same core does floats. A float is a sum of three such numbers, x = h + m + l, exactly,
// unless bits of it are below 2⁻¹²⁶: h is x to 8 bits, m is x − h to 8 bits, l what is left, of at most 7. So
//
//   C = A · B = Aₗ·Bₕ + Aₕ·Bₗ + Aₘ·Bₘ + Aₘ·Bₕ + Aₕ·Bₘ + Aₕ·Bₕ
//
// but for products below 2⁻²⁴ of |a||b|, which is what a float rounds off: |m| ≤ 2⁻⁸|x| and |l| ≤ 2⁻¹⁷|x|, so
// that a_m·b_l and a_l·b_m are at most 2⁻²⁵|a||b| each. The products of 8 bits by 8 are exact, and are
// added as floats. This is G. Henry, P. T. P. Tang, A. Heinecke, "Leveraging the bfloat16 artificial
// intelligence datatype for higher-precision computations", ARITH 26 (2019), arXiv:1904.06376.
//
// The unit takes what is below 2⁻¹²⁶ for 0. An infinite operand gives infinities and NaNs, one above 1 − 2⁻⁹ of
// the largest float a NaN.
//
//   A  (m, k) at A[m·lda + k], or with TA at A[k·lda + m]
//   B  (k, n) at B[(n / NR)·bpanel + k·bstep + n % NR], or with TB at B[(k / NR)·bpanel + n·bstep + k % NR]
//   C  what the epilogue STORE(row, col, left, v) makes of v, VW elements of C at (row, col), of which the first
//      left are inside C
//   S  room for the work-items, so many tiles each as amx.go reckons
//
// A work-item owns parts of C, number id, id + workers, …, and goes through each in squares of 32 × 32, four
// accumulators of the unit:
//
//   for each chunk of K, of at most STEPS steps of 32:
//     split A of the rows of the part into tiles     they stay in the second-level cache
//     for each group of 3 squares' columns:
//       split B of the columns into tiles            these too
//       for each square of the group's columns:  add its products; after the last chunk, STORE it
//
// Where there are several chunks, what a square has come to lies in S from one chunk to the next.
//
// A tile is 16 rows of 64 bytes. A row of a tile of A is a row m of 32 columns k; row r of a tile of B has
// (2r, n) and (2r + 1, n) next to each other, for 16 columns n. Of A lie in S first the three parts of 16
// rows and 32 columns, then those of the next 32 columns; of B the parts of the same 32 columns and 16 rows
// alternate.
//
// Launch: global (workers), local (1), no local memory. What a thread has in the unit is gone when the work-item
// ends.
// Tunables: STEPS 16. VW must be 16, NR a multiple of it.

#ifndef STEPS
#define STEPS 16
#endif
#define SIDE 32
#define GROUP 3
#define TILE 1024
#define PARTS 3

typedef floatv real;
#define LOAD_REAL(p) LOADV(p)
#define STORE_REAL(v, left, p) store_part(v, left, p)
#define LOAD_REAL_A(p) LOADV_A(p)
#define STORE_REAL_C(v, left, p) store_part_c(v, left, p)
#define WEIGHT_AT(W, panel, step, row, col) \
  ((W) + (size_t)((col) / NR) * (size_t)(panel) + (size_t)(row) * NR + (col) % NR)
#define PRODUCT_PARAMETERS , __global uchar *restrict S, const int tiles, const int parts_m, const int parts_n, const int workers

// The instructions, as bytes: compilers that have names for them want to be told of the unit. A base is the
// register of an address, to which a constant is added; rows are 64 bytes apart, which is in RCX.
#define RAX "0x08"
#define RDX "0x0a"
#define RSI "0x0e"
#define RDI "0x0f"
#define TILE_LOAD(t, base, at) ".byte 0xc4,0xe2,0x7b,0x4b,0x84+8*" #t "," base "\n.long " #at "\n"
#define TILE_STORE(t, base, at) ".byte 0xc4,0xe2,0x7a,0x4b,0x84+8*" #t "," base "\n.long " #at "\n"
#define TILE_ZERO(t) ".byte 0xc4,0xe2,0x7b,0x49,0xc0+8*" #t "\n"
#define TILE_MULADD(c, a, b) ".byte 0xc4,0xe2,(15-" #b ")*8+2,0x5c,0xc0+8*" #c "+" #a "\n"

inline void begin_tiles() {
  uchar shape[64] __attribute__((aligned(64)));
  for (int i = 0; i < 64; i++) shape[i] = 0;
  shape[0] = 1;                                                           // the palette
  for (int t = 0; t < 8; t++) shape[16 + 2 * t] = 64, shape[48 + t] = 16; // bytes of a row, rows
  __asm__ volatile(".byte 0xc4,0xe2,0x78,0x49,0x00\n" : : "a"(shape) : "memory");
}
#define END_TILES __asm__ volatile(".byte 0xc4,0xe2,0x78,0x49,0xc0\n" : : : "memory");

// Accumulators are 0 to 3, those of the upper rows first. 4 and 5 are A, 6 and 7 B.
inline ALWAYS void load_square(__global const uchar *c, const int fresh) {
  if (fresh) {
    __asm__ volatile(TILE_ZERO(0) TILE_ZERO(1) TILE_ZERO(2) TILE_ZERO(3) : : : "memory");
  } else {
    __asm__ volatile(TILE_LOAD(0, RAX, 0) TILE_LOAD(1, RAX, 1024) TILE_LOAD(2, RAX, 2048) TILE_LOAD(3, RAX, 3072)
                     : : "a"(c), "c"(64L) : "memory");
  }
}
inline ALWAYS void store_square(__global uchar *c) {
  __asm__ volatile(TILE_STORE(0, RAX, 0) TILE_STORE(1, RAX, 1024) TILE_STORE(2, RAX, 2048) TILE_STORE(3, RAX, 3072)
                   : : "a"(c), "c"(64L) : "memory");
}

// A step adds the six products, small ones first, in an order in which only A or B changes from one to the next.
#define A_PART(part) TILE_LOAD(4, RSI, part * 1024) TILE_LOAD(5, RDI, part * 1024)
#define B_PART(part) TILE_LOAD(6, RDX, part * 2048) TILE_LOAD(7, RDX, part * 2048 + 1024)
#define FOUR TILE_MULADD(0, 4, 6) TILE_MULADD(1, 4, 7) TILE_MULADD(2, 5, 6) TILE_MULADD(3, 5, 7)
#define A_UPPER(part) TILE_LOAD(4, RSI, part * 1024)
#define TWO TILE_MULADD(0, 4, 6) TILE_MULADD(1, 4, 7)
#define SIX(A, times) A(0) B_PART(2) times B_PART(1) times A(1) times B_PART(0) times A(2) times A(0) times
inline ALWAYS void add_step(__global const uchar *upper, __global const uchar *lower, __global const uchar *b) {
  __asm__ volatile(SIX(A_PART, FOUR) : : "S"(upper), "D"(lower), "d"(b), "c"(64L) : "memory");
}
inline ALWAYS void add_upper_step(__global const uchar *upper, __global const uchar *b) {
  __asm__ volatile(SIX(A_UPPER, TWO) : : "S"(upper), "d"(b), "c"(64L) : "memory");
}

// SPLIT declares the three parts of x. Half of the last bit is added before what is below it goes; a NaN may
// lose itself in h, and is in l.
#define EIGHT_BITS(x) as_float16((as_uint16(x) + 0x8000u) & 0xffff0000u)
#define SPLIT(x, h, m, l)                                                                                  \
  const float16 h = EIGHT_BITS(x), h##r = (as_int16(x) & 0x7fffffff) == 0x7f800000 ? (float16)0.0f : x - h; \
  const float16 m = EIGHT_BITS(h##r), l = h##r - m;

// INTERLEAVED is x and y, next to each other in each lane; BEHIND the lanes of x and then those of y.
#define INTERLEAVED(x, y) ((as_uint16(x) >> 16) | (as_uint16(y) & 0xffff0000u))
typedef ushort __attribute__((ext_vector_type(32))) ushort_row;
#define BEHIND(x, y)                                                                                             \
  as_uint16(__builtin_shufflevector(__builtin_astype(x, ushort_row), __builtin_astype(y, ushort_row),            \
      1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, \
      57, 59, 61, 63))
#define PUT(v, to) (*(__global uint16 *)(to) = (v))

// PUT_SPLIT puts one row of each of three tiles, the parts of x and y as JOIN has them.
#define PUT_SPLIT(JOIN, x, y, to, apart)           \
  {                                                \
    SPLIT(x, xh, xm, xl)                           \
    SPLIT(y, yh, ym, yl)                           \
    PUT(JOIN(xh, yh), to);                         \
    PUT(JOIN(xm, ym), (to) + (apart));             \
    PUT(JOIN(xl, yl), (to) + 2 * (apart));         \
  }

// row_of is 16 floats at p of which only the first left are there, 0 behind them.
inline ALWAYS float16 row_of(__global const float *p, const int left) {
  return left >= 16 ? *(__global const floatv_anywhere *)p : left > 0 ? first_lanes(LOADV(p), left) : (float16)0.0f;
}

// turn exchanges rows and columns of a tile of 32-bit words.
inline void turn(__global uchar *tile) {
  floatv v[16];
#pragma unroll
  for (int r = 0; r < 16; r++) v[r] = *(__global floatv *)(tile + r * 64);
  transpose(v, 16);
#pragma unroll
  for (int r = 0; r < 16; r++) *(__global floatv *)(tile + r * 64) = v[r];
}

// split_along splits 16 rows, apart ld, of 32 numbers k: 16 at p, 16 at q; the first left are there, and the first
// rows. split_across splits 32 rows k of 16 numbers. The parts of a tile go to to, apart from each other.
inline void split_along(__global uchar *to, const int apart, __global const float *p, __global const float *q,
                        const int ld, const int rows, const int left) {
  for (int r = 0; r < 16; r++) {
    const size_t at = (size_t)min(r, rows - 1) * ld;
    PUT_SPLIT(BEHIND, row_of(p + at, left), row_of(q + at, left - 16), to + r * 64, apart)
  }
}
inline void split_across(__global uchar *to, const int apart, __global const float *p, const int ld, const int left) {
  for (int r = 0; r < 16; r++) {
    const float16 x = row_of(p + (size_t)(2 * r) * ld, 2 * r < left ? 16 : 0);
    const float16 y = row_of(p + (size_t)(2 * r + 1) * ld, 2 * r + 1 < left ? 16 : 0);
    PUT_SPLIT(INTERLEAVED, x, y, to + r * 64, apart)
  }
}
inline void turn_parts(__global uchar *tile, const int apart) {
  for (int part = 0; part < PARTS; part++) turn(tile + part * apart);
}

// split_left splits so many times 16 rows of A, from m0, of so many times 32 columns, from k0.
inline void split_left(__global uchar *to, __global const float *A, const int lda, const int m0, const int tiles,
                       const int M, const int k0, const int steps, const int K) {
  for (int t = 0; t < tiles; t++)
    for (int s = 0; s < steps; s++, to += PARTS * TILE) {
      const int m = m0 + t * 16, k = k0 + s * 32;
#ifdef TA
      split_across(to, TILE, A + (size_t)k * lda + m, lda, m < M ? K - k : 0);
      turn_parts(to, TILE);
#else
      __global const float *p = A + (size_t)min(m, M - 1) * lda + k;
      split_along(to, TILE, p, p + 16, lda, max(M - m, 1), K - k);
#endif
    }
}

// split_right splits so many times 16 columns of B, from n0, of so many times 32 rows, from k0.
#ifdef TB
#define B_AT(k, n) (B + (size_t)((k) / NR) * bpanel + (size_t)(n) * bstep + (k) % NR)
#else
#define B_AT(k, n) (B + (size_t)((n) / NR) * bpanel + (size_t)(k) * bstep + (n) % NR)
#endif
inline void split_right(__global uchar *S, __global const float *B, const int bpanel, const int bstep, const int n0,
                        const int tiles, const int N, const int k0, const int steps, const int K) {
  for (int t = 0; t < tiles; t++)
    for (int s = 0; s < steps; s++) {
      __global uchar *to = S + ((t / 2 * steps + s) * 2 * PARTS + t % 2) * TILE;
      const int n = n0 + t * 16, k = k0 + s * 32;
#ifdef TB
      split_along(to, 2 * TILE, B_AT(k, min(n, N - 1)), B_AT(k + 16, min(n, N - 1)), bstep, max(N - n, 1), K - k);
      turn_parts(to, 2 * TILE);
#else
      split_across(to, 2 * TILE, B_AT(k, n), bstep, n < N ? K - k : 0);
#endif
    }
}

// line_of is where the i-th of the lines lies that split_right is to read, in the order in which they lie
// in B: those of a panel, then those of the next. Behind a panel it is further lines of it.
inline __global const float *line_of(__global const float *B, const int bpanel, const int bstep, const int n0,
                                     const int k0, const int steps, const int i) {
#ifdef TB
  const int lines = GROUP * SIDE * NR / 16, panel = i / lines;
  return B_AT(k0 + panel * NR, n0) + (i - panel * lines) * 16;
#else
  const int lines = steps * 32 * NR / 16, panel = i / lines;
  return B_AT(k0, n0 + panel * NR) + (i - panel * lines) * 16;
#endif
}
#define FETCH_SECOND(p) __builtin_prefetch((const void *)(size_t)(p), 0, 2);

// With TA B is δ, whose rows are near, or far from each other.
#ifdef TA
#define NEAR_RIGHT(line) B_
#define FETCH_RIGHT(p)
#else
#define NEAR_RIGHT(line) line
#define FETCH_RIGHT(p) FETCH_SECOND(p)
#endif

// STORE_SQUARE is the epilogue of a square. One whose columns are inside is written out for whole vectors.
#define AT_SQUARE(i, j) (*(__global const floatv *)(sum + ((i) / 16 * 2 + (j)) * TILE + (i) % 16 * 64))
#define STORE_SQUARE(m, n, sum)                                                 \
  for (int i = 0; i < min(SIDE, M - (m)); i++) {                                \
    if (N - (n) >= SIDE) {                                                      \
      STORE((m) + i, n, VW, AT_SQUARE(i, 0))                                    \
      STORE((m) + i, (n) + VW, VW, AT_SQUARE(i, 1))                             \
    } else {                                                                    \
      for (int j = 0; j < 2 && (n) + j * VW < N; j++) {                         \
        STORE((m) + i, (n) + j * VW, N - (n) - j * VW, AT_SQUARE(i, j))         \
      }                                                                         \
    }                                                                           \
  }

// SUM_SQUARE adds the products of a square to what it has come to, and meanwhile fetches what is read next: the next of
// B, the next square, and what the epilogue reads.
#define SUM_SQUARE(sm, sn)                                                                                    \
  __global uchar *sum = sums + (chunks > 1 ? (size_t)((sm - m_from) * most_n + sn - n_from) * (4 * TILE) : 0); \
  __global const uchar *upper = left + (sm - m_from) * 2 * steps * PARTS * TILE;                              \
  __global const uchar *lower = upper + steps * PARTS * TILE, *b = right + (sn - n0) * steps * 2 * PARTS * TILE; \
  __global const float *near = NEAR_RIGHT(line_of(B_, bpanel_, bstep_, next_n * SIDE, next_k * 32, steps, fetched)); \
  load_square(sum, k0 == 0);                                                                                  \
  for (int s = 0; s < steps; s++) {                                                                           \
    for (int i = 0; i < each; i++, near += 16) { FETCH_RIGHT(near) }                                          \
    for (int i = s * fetches; i < s * fetches + fetches; i++) {                                               \
      if (chunks > 1) { FETCH(sum + (4 + i / 16) * TILE + i % 16 * 64) }                                      \
      if (last) { FETCH_LINE(sm * SIDE + i / 2, sn * SIDE + i % 2 * 16) }                                     \
    }                                                                                                         \
    if (M - sm * SIDE > 16) {                                                                                 \
      add_step(upper + s * PARTS * TILE, lower + s * PARTS * TILE, b + s * 2 * PARTS * TILE);                 \
    } else {                                                                                                  \
      add_upper_step(upper + s * PARTS * TILE, b + s * 2 * PARTS * TILE);                                     \
    }                                                                                                         \
  }                                                                                                           \
  fetched += each * steps;                                                                                    \
  store_square(sum);

#define PRODUCT(A, lda, apanel, B, bpanel, bstep)                                                             \
  __global const float *B_ = (B);                                                                             \
  const int bpanel_ = (bpanel), bstep_ = (bstep);                                                             \
  const int squares_m = (M + SIDE - 1) / SIDE, squares_n = (N + SIDE - 1) / SIDE;                             \
  const int all_steps = (K + 31) / 32, chunks = (all_steps + STEPS - 1) / STEPS;                              \
  const int most_steps = (all_steps + chunks - 1) / chunks, fetches = (63 + most_steps) / most_steps;         \
  const int most_m = (squares_m + parts_m - 1) / parts_m, most_n = (squares_n + parts_n - 1) / parts_n;       \
  __global uchar *left = S + get_global_id(0) * (size_t)tiles * TILE;                                         \
  __global uchar *right = left + (size_t)most_m * 2 * most_steps * PARTS * TILE;                              \
  __global uchar *sums = right + GROUP * 2 * most_steps * PARTS * TILE;                                       \
  begin_tiles();                                                                                              \
  for (int part = (int)get_global_id(0); part < parts_m * parts_n; part += workers) {                         \
    const int part_m = part % parts_m, part_n = part / parts_m;                                               \
    const int m_from = squares_m * part_m / parts_m, m_to = squares_m * (part_m + 1) / parts_m;               \
    const int n_from = squares_n * part_n / parts_n, n_to = squares_n * (part_n + 1) / parts_n;               \
    for (int k0 = 0; k0 < all_steps; k0 += most_steps) {                                                      \
      const int steps = min(most_steps, all_steps - k0), last = k0 + steps == all_steps;                      \
      split_left(left, A, lda, m_from * SIDE, 2 * (m_to - m_from), M, k0 * 32, steps, K);                     \
      for (int n0 = n_from; n0 < n_to; n0 += GROUP) {                                                         \
        const int group = min(GROUP, n_to - n0), next_n = n0 + GROUP < n_to ? n0 + GROUP : n_from;            \
        const int next_k = next_n > n0 ? k0 : k0 + steps;                                                     \
        const int each = next_k == all_steps ? 0 : (GROUP * 64 - 1) / ((m_to - m_from) * group) + 1;          \
        int fetched = 0;                                                                                      \
        split_right(right, B_, bpanel_, bstep_, n0 * SIDE, 2 * group, N, k0 * 32, steps, K);                  \
        for (int sm = m_from; sm < m_to; sm++)                                                                \
          for (int sn = n0; sn < n0 + group; sn++) {                                                          \
            SUM_SQUARE(sm, sn)                                                                                \
            if (last) { STORE_SQUARE(sm * SIDE, sn * SIDE, sum) }                                             \
          }                                                                                                   \
      }                                                                                                       \
    }                                                                                                         \
  }                                                                                                           \
  END_TILES
