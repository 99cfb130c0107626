// tile.cl: the matrix product of GPUs. Not a kernel: forward.cl, hiddendelta.cl
// and accumulate.cl put their arguments and their epilogue around it.
//
// A work-group owns TM × TN elements of C and walks K in slices of TK, which it
// brings to local memory; a work-item owns WM × WN of them in registers, TM/WM
// and TN/WN apart, so that neighbours read neighbouring words:
//
//            TN                       slice of A: TM × TK     at a[k][m]
//        ┌────────┐                   slice of B: TK × TN     at b[k][n]
//     TM │ C tile │ += A slice · B slice
//        └────────┘
//
//   A  (m, k) at A[m·lda + k], or with TA at A[k·lda + m]
//   B  (k, n) at B[k·bstep + n], or with TB at B[n·bstep + k]; apanel and
//      bpanel are not used: on these devices a matrix is one panel
//   either may be halves, see common.cl; local memory holds floats
//   Elements outside M, N, K are read as 0 and not stored: any size is exact.
//
// Launch: local (TN/WN, TM/WM), global that many work-groups (⌈N/TN⌉, ⌈M/TM⌉);
// local memory (TM + TN + 2·PAD)·TK floats.
// Tunables: TM, TN 1…256, TK 1…128, WM, WN 1…16 that divide TM and TN (TileShape in tuning.go); PAD 1 keeps the transposing
// stores of a slice out of one bank.
// Idea: Volkov & Demmel, "Benchmarking GPUs to tune dense linear algebra", SC 2008.

#ifndef TM
#define TM 16
#endif
#ifndef TN
#define TN 16
#endif
#ifndef TK
#define TK 16
#endif
#ifndef WM
#define WM 1
#endif
#ifndef WN
#define WN 1
#endif
#define PAD 1
#define LM (TM / WM)
#define LN (TN / WN)
#define ITEMS (LM * LN)

#ifdef TA
#define A_M(e) ((e) % TM)
#define A_K(e) ((e) / TM)
#define A_AT(A, m, k, lda) LOAD_A((A) + (size_t)(k) * (lda) + (m))
#else
#define A_M(e) ((e) / TK)
#define A_K(e) ((e) % TK)
#define A_AT(A, m, k, lda) LOAD_A((A) + (size_t)(m) * (lda) + (k))
#endif
#ifdef TB
#define B_N(e) ((e) / TK)
#define B_K(e) ((e) % TK)
#define B_AT(B, k, n, ldb) LOAD_B((B) + (size_t)(n) * (ldb) + (k))
#else
#define B_N(e) ((e) % TN)
#define B_K(e) ((e) / TN)
#define B_AT(B, k, n, ldb) LOAD_B((B) + (size_t)(k) * (ldb) + (n))
#endif

#define PRODUCT_PARAMETERS // a kernel has no more
#define PRODUCT(A, lda, apanel, B, bpanel, bstep)                              \
  __local float as[TK][TM + PAD];                                              \
  __local float bs[TK][TN + PAD];                                              \
  const int ln = get_local_id(0), lm = get_local_id(1);                        \
  const int item = lm * LN + ln;                                               \
  const int n0 = (int)get_global_id(0) / LN * TN;                              \
  const int m0 = (int)get_global_id(1) / LM * TM;                              \
  float c[WM][WN];                                                             \
  for (int i = 0; i < WM; i++)                                                 \
    for (int j = 0; j < WN; j++) c[i][j] = 0.0f;                               \
  for (int k0 = 0; k0 < K; k0 += TK) {                                         \
    for (int e = item; e < TM * TK; e += ITEMS) {                              \
      const int mm = m0 + A_M(e), kk = k0 + A_K(e);                            \
      as[A_K(e)][A_M(e)] = (mm < M && kk < K) ? A_AT(A, mm, kk, lda) : 0.0f;   \
    }                                                                          \
    for (int e = item; e < TN * TK; e += ITEMS) {                              \
      const int nn = n0 + B_N(e), kk = k0 + B_K(e);                            \
      bs[B_K(e)][B_N(e)] = (nn < N && kk < K) ? B_AT(B, kk, nn, bstep) : 0.0f; \
    }                                                                          \
    barrier(CLK_LOCAL_MEM_FENCE);                                              \
    for (int k = 0; k < TK; k++) {                                             \
      float b[WN];                                                             \
      for (int j = 0; j < WN; j++) b[j] = bs[k][ln + j * LN];                  \
      for (int i = 0; i < WM; i++) {                                           \
        const float a = as[k][lm + i * LM];                                    \
        for (int j = 0; j < WN; j++) c[i][j] = MULADD(a, b[j], c[i][j]);       \
      }                                                                        \
    }                                                                          \
    barrier(CLK_LOCAL_MEM_FENCE);                                              \
  }                                                                            \
  for (int i = 0; i < WM; i++) {                                               \
    const int row = m0 + lm + i * LM;                                          \
    for (int j = 0; j < WN; j++) {                                             \
      const int col = n0 + ln + j * LN;                                        \
      if (row < M && col < N) { STORE(row, col, 1, c[i][j]) }                  \
    }                                                                          \
  }

// Where element (row, col) of a weight matrix lies: in its only panel.
#define WEIGHT_AT(W, panel, step, row, col) ((W) + (size_t)(row) * (step) + (col))

typedef float real;
#define LOAD_REAL(p) (*(p))
#define STORE_REAL(v, left, p) (*(p) = (v))
#define LOAD_REAL_A(p) LOAD_A(p)
#define STORE_REAL_C(v, left, p) STORE_C(v, p)
