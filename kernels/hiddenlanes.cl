// hiddenlanes.cl: δ(l) = (δ(l+1) W(l)) ⊙ g′(z(l)) from the weights as they lie: hiddendelta.cl
// turned over, so that it is the small matrix δ(l+1) that is copied and not the weights.
//
//   Cᵀ = (W · Dᵀ) ⊙ ACT_PRIME(aᵀ)      M = batch, N = in, K = out
//
//   D     (k, m) at D[(m / NR)·dpanel + k·NR + m % NR]: δ(l+1) in panels of NR examples,
//         the copy that pack.cl made
//   W     input n, output k at W[(k / nr)·panel + n·nr + k % nr]: the weights as they lie
//   a     (m, n) at a[m·lda + n]: a(l); z(l) for an activation that needs it
//   C     (m, n) at C[m·ldc + n]: δ(l)
//
// The block of block.cl with inputs n as its rows and examples m in its lanes. A sum runs over
// k = 0, 1, …, as in hiddendelta.cl: the results are the same bits. The block is turned round
// in registers before it is stored.
//
// Launch: global (c, ⌈N/MR⌉, ⌈⌈M/NR⌉/c⌉), local (1, 1, 1), no local memory: MR rows of W,
// while they are near, meet c panels of D, which stay in a cache from one set of rows to the next.
// Tunables: MR 1, 2, 4 or 8 rows; NV 1, 2 or 3 vectors, and LAST of the last panel, as in block.cl.

// A block is turned round and stored a vector of examples at a time. What then is together are
// the MR inputs of an example, or a part of them: a piece.
#if VW < MR
#define PIECE VW
#else
#define PIECE MR
#endif
#if PIECE == 1
typedef float piece;
#define LOAD_PIECE(p) (*(p))
#define STORE_PIECE(v, p) (*(p) = (v))
#else
typedef CAT(float, PIECE) piece;
#ifdef CPU_CLANG
// As floatv_anywhere in common.cl, and PoCL's vload reads in parts as well.
typedef piece __attribute__((aligned(4))) piece_anywhere;
#define LOAD_PIECE(p) (*(__global const piece_anywhere *)(p))
#define STORE_PIECE(v, p) (*(__global piece_anywhere *)(p) = (v))
#else
#define LOAD_PIECE(p) CAT(vload, PIECE)(0, p)
#define STORE_PIECE(v, p) CAT(vstore, PIECE)(v, 0, p)
#endif
#endif
#define PIECE_OF(v, i) (((piece *)&(v))[i])

// A loop over the pieces of a vector is written out: else they go through memory, where a vector
// that was stored in pieces is not forwarded to who reads it whole.
#define EACH_PIECE(i) _Pragma("unroll") for (int i = 0; i < VW / PIECE; i++)

// Element e of the turned block is that of example e / MR and input e % MR.
#define PIECE_AT(C, ldc, e) ((C) + (size_t)((e) / MR) * (ldc) + (e) % MR)

#define STORE_TURNED(r)                                        \
  {                                                            \
    floatv kept;                                               \
    EACH_PIECE(i)                                              \
      PIECE_OF(kept, i) = LOAD_PIECE(PIECE_AT(a, lda, r *VW + i * PIECE)); \
    const real prime = ACT_PRIME(kept);                        \
    floatv delta = v[r] * prime;                               \
    EACH_PIECE(i)                                              \
      STORE_PIECE(PIECE_OF(delta, i), PIECE_AT(C, ldc, r *VW + i * PIECE)); \
  }

// store_lanes stores VW examples of MR inputs each, all of which are inside C.
inline ALWAYS void store_lanes(floatv *v, __global const float *a, int lda, __global float *C, int ldc) {
  transpose(v, MR);
  ROWS(STORE_TURNED)
}

// store_edge stores the first lanes of VW examples, and of their inputs the first rows.
inline void store_edge(floatv *v, int lanes, int rows, __global const float *a, int lda, __global float *C, int ldc) {
  float kept[MR * VW], delta[MR * VW];
  for (int e = 0; e < MR * VW; e++) kept[e] = *PIECE_AT(a, lda, min(e / MR, lanes - 1) * MR + e % MR);
  transpose(v, MR);
  for (int r = 0; r < MR; r++) {
    const real prime = ACT_PRIME(LOADV(kept + r * VW));
    KEEPV(v[r] * prime, delta + r * VW);
  }
  for (int e = 0; e < min(lanes, VW) * MR; e++)
    if (e % MR < rows) *PIECE_AT(C, ldc, e) = delta[e];
}

#define STORE_LANES(v)                                                            \
  {                                                                               \
    const int from = m + (v)*VW;                                                  \
    __global const float *af = a + (size_t)from * lda + n;                        \
    __global float *Cf = C + (size_t)from * ldc + n;                              \
    floatv rows[MR] = {ROWS(LIST_ROW_##v)};                                       \
    if (M - from >= VW && N - n >= MR) {                                          \
      store_lanes(rows, af, lda, Cf, ldc);                                        \
    } else if (M > from) {                                                        \
      store_edge(rows, M - from, N - n, af, lda, Cf, ldc);                        \
    }                                                                             \
  }

// Eight steps fetch a share of what the panel after the next has of the rows of W: all of it at once
// is more lines than a core waits for at a time, and those of the next come too late from main memory.
#undef FETCH_EIGHT
#define FETCH_EIGHT \
  _Pragma("unroll") for (int j = 0; j < 8 * MR; j += 16) { FETCH(Wp + 2 * (size_t)panel + k * MR + j) }

// LANES is the sums over K: it steps through a panel of W, and goes on to the next.
#define LANES(step)                                         \
  for (int left = K; left > 0; left -= nr, Wp += panel) {   \
    __global const float *Ap = Wp;                          \
    STEPS_OF(step, min(left, nr))                           \
  }

__kernel void hiddenlanes(const int M, const int N, const int K,
                          __global const float *restrict D, const int dpanel,
                          __global const float *restrict W, const int panel, const int nr,
                          __global const float *restrict a, const int lda,
                          __global float *restrict C, const int ldc) {
  const int p = (int)(get_global_id(2) * get_global_size(0) + get_global_id(0));
  const int m = p * NR, n = (int)get_global_id(1) * MR;
  if (m >= M) return;
  const int a_stride = nr, b_stride = NR;
  __global const float *Wp = W + (size_t)n * nr;
  __global const float *Bp = D + (size_t)p * dpanel;
  // Each example of the block is a line of C, on a page of its own in wide layers.
  for (int j = 0; j < min(NR, M - m); j++) { FETCH(C + (size_t)(m + j) * ldc + n) }
#ifdef LAST
  if (M - m <= LAST * VW) {
    ROWS(DECLARE_LAST)
    LANES(STEP_LAST)
    STORE_LANES(0)
    LAST_2(STORE_LANES(1))
    return;
  }
#endif
  ROWS(DECLARE_ROW)
  LANES(STEP)
  STORE_LANES(0)
  IF_2(STORE_LANES(1))
  IF_3(STORE_LANES(2))
}
