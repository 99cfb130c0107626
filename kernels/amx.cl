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
//     split A of the rows of the part into tiles
//     for each group of 3 squares' columns:
//       split B of the columns into tiles            they stay in the second-level cache
//       for each square of the group's columns:  add its products; after the last chunk, STORE it
//
// Where there are several chunks, what a square has come to lies in S from one chunk to the next.
//
// A tile is 16 rows of 64 bytes. A row of a tile of A is a row m of 32 columns k; row r of a tile of B has
// (2r, n) and (2r + 1, n) next to each other, for 16 columns n. Of A lie in S first the three parts of 16
// rows and 32 columns, then those of the next 32 columns; of B the parts of the same 32 columns and 16 rows
// alternate. With TB it is the other way round, and squares come as Cᵀ = Bᵀ · Aᵀ: numbers of a row of weights
// are next to each other already, and only the fewer ones of A and what comes out are turned.
//
// Launch: global (workers), local (1), no local memory. What a thread has in the unit is gone when the work-item
// ends.
// Tunables: STEPS 16. VW must be 16, NR a multiple of it. amxtiles.cl comes before this.

#ifndef STEPS
#define STEPS 16
#endif
#define SIDE 32
#define GROUP 3

typedef floatv real;
#define LOAD_REAL(p) LOADV(p)
#define STORE_REAL(v, left, p) store_part(v, left, p)
#define LOAD_REAL_A(p) LOADV_A(p)
#define STORE_REAL_C(v, left, p) store_part_c(v, left, p)
#define WEIGHT_AT(W, panel, step, row, col) \
  ((W) + (size_t)((col) / NR) * (size_t)(panel) + (size_t)(row) * NR + (col) % NR)
#define PRODUCT_PARAMETERS , __global uchar *restrict S, const int tiles, const int parts_m, const int parts_n, const int workers

// Where the t-th 16 rows of A, or columns of B, lie, of the s-th of so many steps.
#define TILES_OF_A(S, t, s, steps) ((S) + ((t) * (steps) + (s)) * PARTS * TILE)
#define TILES_OF_B(S, t, s, steps) ((S) + (((t) / 2 * (steps) + (s)) * 2 * PARTS + (t) % 2) * TILE)

// split_left splits so many times 16 rows of A, from m0, of so many times 32 columns, from k0.
inline void split_left(__global uchar *S, __global const float *A, const int lda, const int m0, const int tiles,
                       const int M, const int k0, const int steps, const int K) {
  for (int t = 0; t < tiles; t++)
    for (int s = 0; s < steps; s++) {
      const int m = m0 + t * 16, k = k0 + s * 32;
      __global const float *p = A + (size_t)min(m, M - 1) * lda + k;
#if defined(TA)
      __global uchar *to = TILES_OF_A(S, t, s, steps);
      split_across(to, TILE, A + (size_t)k * lda + m, lda, m < M ? K - k : 0);
      turn_tiles(to, PARTS, TILE);
#elif defined(TB)
      __global uchar *to = TILES_OF_B(S, t, s, steps);
      split_along(to, 2 * TILE, p, p + 16, lda, max(M - m, 1), K - k);
      turn_tiles(to, PARTS, 2 * TILE);
#else
      split_along(TILES_OF_A(S, t, s, steps), TILE, p, p + 16, lda, max(M - m, 1), K - k);
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
      const int n = n0 + t * 16, k = k0 + s * 32;
#ifdef TB
      split_along(TILES_OF_A(S, t, s, steps), TILE, B_AT(k, min(n, N - 1)), B_AT(k + 16, min(n, N - 1)), bstep,
                  max(N - n, 1), K - k);
#else
      split_across(TILES_OF_B(S, t, s, steps), 2 * TILE, B_AT(k, n), bstep, n < N ? K - k : 0);
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

// What of a square the unit takes as its first operand, and as its second; and where C(i, j) is then.
#ifdef TB
#define FIRST(of_left, of_right) of_right
#define SECOND(of_left, of_right) of_left
#define ADD_HALF_STEP(upper, lower, b) add_left_step(upper, lower, b)
#define TURN_SQUARE(sum) turn_tiles(sum, 4, TILE);
#define AT_SQUARE(i, j) (*(__global const floatv *)(sum + ((j) * 2 + (i) / 16) * TILE + (i) % 16 * 64))
#else
#define FIRST(of_left, of_right) of_left
#define SECOND(of_left, of_right) of_right
#define ADD_HALF_STEP(upper, lower, b) add_upper_step(upper, b)
#define TURN_SQUARE(sum)
#define AT_SQUARE(i, j) (*(__global const floatv *)(sum + ((i) / 16 * 2 + (j)) * TILE + (i) % 16 * 64))
#endif

// STORE_SQUARE is the epilogue of a square. One whose columns are inside is written out for whole vectors.
#define STORE_SQUARE(m, n, sum)                                                 \
  TURN_SQUARE(sum)                                                              \
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
  __global const uchar *of_left = left + (sm - m_from) * 2 * steps * PARTS * TILE;                            \
  __global const uchar *of_right = right + (sn - n0) * 2 * steps * PARTS * TILE;                              \
  __global const uchar *upper = FIRST(of_left, of_right), *b = SECOND(of_left, of_right);                     \
  __global const uchar *lower = upper + steps * PARTS * TILE;                                                 \
  __global const float *near = NEAR_RIGHT(line_of(B_, bpanel_, bstep_, next_n * SIDE, next_k * 32, steps, fetched)); \
  load_square(sum, k0 == 0);                                                                                  \
  for (int s = 0; s < steps; s++) {                                                                           \
    if (s % 2) keep_awake(sum);                                                                               \
    for (int i = 0; i < each; i++, near += 16) { FETCH_RIGHT(near) }                                          \
    for (int i = s * fetches; i < s * fetches + fetches; i++) {                                               \
      if (chunks > 1) { FETCH(sum + (4 + i / 16) * TILE + i % 16 * 64) }                                      \
      if (last) { FETCH_LINE(sm * SIDE + i / 2, sn * SIDE + i % 2 * 16) }                                     \
    }                                                                                                         \
    __global const uchar *up = upper + s * PARTS * TILE, *low = lower + s * PARTS * TILE, *bs = b + s * 2 * PARTS * TILE; \
    if (M - sm * SIDE > 16) {                                                                                 \
      add_step(up, low, bs);                                                                                  \
    } else {                                                                                                  \
      ADD_HALF_STEP(up, low, bs);                                                                             \
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
