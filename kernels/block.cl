// block.cl: the matrix product of CPU devices. Not a kernel: forward.cl,
// hiddendelta.cl and accumulate.cl put their arguments and their epilogue around it.
//
// A work-item owns a block of MR × NR elements of C, NR = NV·VW, in registers:
//
//               n   n+VW
//            ┌──────┬──────┐        one row of the block is NV vectors;
//     m      │ c0_0 │ c0_1 │        at step k the work-item loads NV vectors
//     m+1    │ c1_0 │ c1_1 │        of B, broadcasts MR elements of A, and
//     …      │  …   │  …   │        does MR·NV vector multiply-adds
//            └──────┴──────┘
//
// No local memory and no barrier: on a CPU both are plain RAM and loops over
// work-items, and cost more than they save.
//
//   A  (m, k) at A[m·lda + k], or with TA at A[(m / MR)·apanel + k·lda + m % MR]: panels MR
//      wide (lda = MR), or a row-major matrix read transposed (apanel = MR, lda = ld)
//   B  (k, n) at B[(n / NR)·bpanel + k·bstep + n % NR]: panels NR wide, each
//      contiguous (bstep = NR), or a row-major matrix (bpanel = NR, bstep = ld)
//   either may be halves, see common.cl
//   NUMBERS, which joined launches define: row r of A, or with TA row k, is row NUMBERS[r] of the matrix
//      that A is: what Gather would copy
//   K  may be anything; rows of C ≥ M and columns ≥ N are computed from
//      padding and not stored. Reads reach at most MR−1 rows or columns past A
//      and one panel of B: layout.go allocates for that.
//
// Launch: global (⌈M/MR⌉, ⌈N/NR⌉), local (1, 1), no local memory. Work-groups
// next to each other in dimension 0 read the same panel of B, which stays in cache.
//
// Tunables: MR 1, 2, 4, 6, 8 or 12 rows; NV 1, 2 or 3 vectors. MR·NV accumulators +
// NV + 1 must fit in the vector registers: 8×2 for 32 of them, 6×2 for 16.
// LAST 1 or 2, fewer than NV: C has columns in so many vectors of its last panel, and a block there does
// no more. Not defined, a block does NV: so it is as well where LAST would save less than it takes to compile.
// IN_PANELS, with TA: A and B are both in panels.
// AHEAD rows of the operands are fetched into cache before they are needed, 24 or with TA 8: the hardware
// does not see past the end of a page, nor strides longer than half of one, and what a core has not read
// yet takes as long to come as a dozen rows take to be multiplied. IN_PANELS has what it reads of B at
// constants, which the hardware sees in time; A, whose rows are short and which may come from far, is
// fetched PANEL_AHEAD 64 rows ahead, also that of the next block.
// Idea: Goto & van de Geijn, "Anatomy of high-performance matrix
// multiplication", ACM TOMS 34 (2008), the register-blocked inner kernel.

#ifndef MR
#define MR 4
#endif
#ifndef NV
#define NV 1
#endif
#define NR (NV * VW)

#define ROWS_1(X) X(0)
#define ROWS_2(X) ROWS_1(X) X(1)
#define ROWS_4(X) ROWS_2(X) X(2) X(3)
#define ROWS_6(X) ROWS_4(X) X(4) X(5)
#define ROWS_8(X) ROWS_6(X) X(6) X(7)
#define ROWS_12(X) ROWS_8(X) X(8) X(9) X(10) X(11)
#define ROWS(X) CAT(ROWS_, MR)(X)

#if NV >= 2
#define IF_2(X) X
#else
#define IF_2(X)
#endif
#if NV >= 3
#define IF_3(X) X
#else
#define IF_3(X)
#endif

// Which block this is; a kernel that does several sets its own.
#define BLOCK_M get_global_id(0)
#define BLOCK_N get_global_id(1)

// What a block reads of A at step k, or k + j where j of eight are written out; FIND_ROWS is before the first.
#define ROW_NUMBER(k) NUMBERS[k]
#if defined(TA) && defined(NUMBERS)
#define A_START(A, m, apanel) ((A) + BLOCK_M * (size_t)(apanel))
#define FIND_ROWS
#define FIND_ROW __global const A_TYPE *const row = Ap + (size_t)ROW_NUMBER(k + j) * a_stride;
#define A_ROW(i) LOAD_A(row + (i))
#define A_STEP 0
#elif defined(TA)
#define A_START(A, m, apanel) ((A) + BLOCK_M * (size_t)(apanel))
#define FIND_ROWS
#define FIND_ROW
#define A_ROW(i) LOAD_A(Ap + (i))
#ifdef IN_PANELS
#define A_STEP MR
#else
#define A_STEP a_stride
#endif
#elif defined(NUMBERS)
#define A_START(A, m, apanel) (A)
#define ROW_AT(i) const size_t at##i = (size_t)ROW_NUMBER(min(m + i, M - 1)) * a_stride;
#define FIND_ROWS ROWS(ROW_AT)
#define FIND_ROW
#define A_ROW(i) LOAD_A(Ap + at##i)
#define A_STEP 1
#else
#define A_START(A, m, apanel) ((A) + (size_t)(m) * a_stride)
#define FIND_ROWS
#define FIND_ROW
#define A_ROW(i) LOAD_A(Ap + (size_t)(i) * a_stride)
#define A_STEP 1
#endif

#ifndef AHEAD
#ifdef TA
#define AHEAD 8
#else
#define AHEAD 24
#endif
#endif
#define PANEL_AHEAD 64
#ifdef IN_PANELS // of row j of eight: a line of A where it begins one
#define FETCH_A if (j * MR % 16 < MR) { FETCH(Ap + PANEL_AHEAD * MR) }
#define FETCH_B(p)
#elif defined(TA) && defined(NUMBERS) // what the next block reads of the row
#define FETCH_A FETCH(row + 16)
#define FETCH_B FETCH
#elif defined(TA)
#define FETCH_A FETCH(Ap + AHEAD * a_stride)
#define FETCH_B FETCH
#else
#define FETCH_A
#define FETCH_B FETCH
#endif

#define DECLARE_ROW(i)      \
  floatv c##i##_0 = 0.0f;   \
  IF_2(floatv c##i##_1 = 0.0f;) IF_3(floatv c##i##_2 = 0.0f;)

#define MULADD_ROW(i)                               \
  {                                                 \
    floatv a = (floatv)(A_ROW(i));                  \
    c##i##_0 = MULADD(a, b0, c##i##_0);             \
    IF_2(c##i##_1 = MULADD(a, b1, c##i##_1);)       \
    IF_3(c##i##_2 = MULADD(a, b2, c##i##_2);)       \
  }

// STORE(row, col, left, v) is the kernel's epilogue: v is VW elements of C at
// (row, col), of which the first left are inside C. Of a block that is inside it is written out for
// whole vectors; others go through a loop: a compiler takes long over every copy. A kernel may have its
// own STORE_INSIDE, and INSIDE, the rows that it is for.
#define STORE_ROW(i)                             \
  STORE(m + i, n, VW, c##i##_0)                  \
  IF_2(STORE(m + i, n + VW, VW, c##i##_1))       \
  IF_3(STORE(m + i, n + 2 * VW, VW, c##i##_2))
#define STORE_INSIDE ROWS(STORE_ROW)
#define INSIDE M
#define LIST_ROW_0(i) c##i##_0,
#define LIST_ROW_1(i) c##i##_1,
#define LIST_ROW_2(i) c##i##_2,
#define LIST_ROW(i) LIST_ROW_0(i) IF_2(LIST_ROW_1(i)) IF_3(LIST_ROW_2(i))
#define STORE_BLOCK                                                             \
  if (N - n >= NR && INSIDE - m >= MR) {                                        \
    STORE_INSIDE                                                                \
  } else {                                                                      \
    const floatv c[MR * NV] = {ROWS(LIST_ROW)};                                 \
    STORE_PIECES(NV)                                                            \
  }
#define STORE_PIECES(wide)                                                      \
  for (int piece = 0; piece < MR * wide; piece++) {                             \
    const int row = m + piece / wide, col = n + piece % wide * VW;              \
    if (row < M && col < N) { STORE(row, col, N - col, c[piece]) }              \
  }

// STEP is one k: it takes a row of B and a column of A, and goes on to the next.
#define STEP                                                       \
  {                                                                \
    floatv b0 = LOADV_B(Bp);                                       \
    IF_2(floatv b1 = LOADV_B(Bp + VW);)                            \
    IF_3(floatv b2 = LOADV_B(Bp + 2 * VW);)                        \
    FIND_ROW FETCH_A                                               \
    FETCH_B(Bp + AHEAD * b_stride)                                 \
    IF_2(FETCH_B(Bp + AHEAD * b_stride + VW))                      \
    IF_3(FETCH_B(Bp + AHEAD * b_stride + 2 * VW))                  \
    ROWS(MULADD_ROW)                                               \
    Bp += b_stride;                                                \
    Ap += A_STEP;                                                  \
  }

// In the last panel a block has LAST vectors: all of the above once more for those.
#ifdef LAST
#if LAST == 2
#define LAST_2(X) X
#else
#define LAST_2(X)
#endif
#define DECLARE_LAST(i)     \
  floatv c##i##_0 = 0.0f;   \
  LAST_2(floatv c##i##_1 = 0.0f;)
#define MULADD_LAST(i)                              \
  {                                                 \
    floatv a = (floatv)(A_ROW(i));                  \
    c##i##_0 = MULADD(a, b0, c##i##_0);             \
    LAST_2(c##i##_1 = MULADD(a, b1, c##i##_1);)     \
  }
#define LIST_LAST(i) LIST_ROW_0(i) LAST_2(LIST_ROW_1(i))
#define STEP_LAST                                                  \
  {                                                                \
    floatv b0 = LOADV_B(Bp);                                       \
    LAST_2(floatv b1 = LOADV_B(Bp + VW);)                          \
    FIND_ROW FETCH_A                                               \
    FETCH_B(Bp + AHEAD * b_stride)                                 \
    LAST_2(FETCH_B(Bp + AHEAD * b_stride + VW))                    \
    ROWS(MULADD_LAST)                                              \
    Bp += b_stride;                                                \
    Ap += A_STEP;                                                  \
  }
#define BLOCK_OF_LAST                               \
  if (N - n <= LAST * VW) {                         \
    ROWS(DECLARE_LAST)                              \
    STEPS_OF(STEP_LAST, K)                          \
    const floatv c[MR * LAST] = {ROWS(LIST_LAST)};  \
    STORE_PIECES(LAST)                              \
  } else
#else
#define BLOCK_OF_LAST
#endif

// STEPS is n of them, STEPS_OF n of a kernel's own; FETCH_EIGHT is what it fetches besides, before
// every eight of them. Where A is not transposed B is in panels, as both may be: what eight steps read lies
// at constants from where they begin, which saves the arithmetic for most addresses.
#define FETCH_EIGHT
#ifdef IN_PANELS
#define B_STEP(bstep) NR
#define ROW_OF_EIGHT(row, step) { const int j = row; step }
#define EIGHT(step)                                                                                             \
  ROW_OF_EIGHT(0, step) ROW_OF_EIGHT(1, step) ROW_OF_EIGHT(2, step) ROW_OF_EIGHT(3, step)                       \
  ROW_OF_EIGHT(4, step) ROW_OF_EIGHT(5, step) ROW_OF_EIGHT(6, step) ROW_OF_EIGHT(7, step)
#elif defined(TA)
#define B_STEP(bstep) (bstep)
#define EIGHT(step) for (int j = 0; j < 8; j++) step
#else
#define B_STEP(bstep) NR
#define EIGHT(step) step step step step step step step step
#endif
#define STEPS_OF(step, n)                              \
  {                                                    \
    int k = 0;                                         \
    for (; k + 8 <= (n); k += 8) { FETCH_EIGHT EIGHT(step) } \
    for (int j = 0; k < (n); k++) step                 \
  }
#define STEPS(n) STEPS_OF(STEP, n)

// FETCH_BLOCK brings a block of a weight matrix near that the epilogue reads, two lines every eight steps:
// all at once is more than a core waits for at a time, and what the steps read would wait behind it.
#define FETCH_BLOCK(p) \
  if (4 * k < MR * NR) { FETCH((p) + 4 * k) FETCH((p) + 4 * k + 16) }

#define PRODUCT_PARAMETERS // a kernel has no more
#define PRODUCT(A, lda, apanel, B, bpanel, bstep)                  \
  const int m = (int)BLOCK_M * MR;                                 \
  const int n = (int)BLOCK_N * NR;                                 \
  const int a_stride = (lda), b_stride = B_STEP(bstep);            \
  __global const A_TYPE *Ap = A_START(A, m, apanel);               \
  __global const B_TYPE *Bp = (B) + BLOCK_N * (size_t)(bpanel);    \
  FIND_ROWS                                                        \
  BLOCK_OF_LAST {                                                  \
    ROWS(DECLARE_ROW)                                              \
    STEPS(K)                                                       \
    STORE_BLOCK                                                    \
  }

// Where element (row, col) of a weight matrix lies, of those in the columns of this block: written so that
// the elements of the block are constants apart.
#define WEIGHT_AT(W, panel, step, row, col) \
  ((W) + BLOCK_N * (size_t)(panel) + (size_t)m * NR + ((row) - m) * NR + ((col) - n))

typedef floatv real;
#define LOAD_REAL(p) LOADV(p)
#define STORE_REAL(v, left, p) store_part(v, left, p)
#define LOAD_REAL_A(p) LOADV_A(p)
#define STORE_REAL_C(v, left, p) store_part_c(v, left, p)
