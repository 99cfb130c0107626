// descendall.cl: descend.cl for all layers of a net in one launch.
//
//   layer l:  Θ := Θ − α ([a 1]ᵀ · D + λΘ)/m, the bias row without λ
//   GRADIENT: G := ([a 1]ᵀ · D + λΘ)/m, for an update of another kind
//
//   T##l         Θ of layer l, as weights lie: (i, n) at T[(n / nr)·panel + i·nr + n % nr], in + 1 rows
//   A##l         (k, i) at A[k·lda + i]: what layer l reads, x or a(l+1)
//   D##l         (k, n) at D[k·ldd + n]: δ(l+2), out columns
//   G##l         the gradient, where Θ has the weight that it is of
//   K            examples
//   TALLY: L, R of the examples are added to the tally S first, by work-item 0, see tally.cl;
//                the others count from 1
//
// A work-item does strip blocks of block.cl below one another, of one layer, so that it is
// worth its start: of one example, a block takes less time than that. Work-items are
// numbered through the strips of a panel, the panels of a layer, the layers.
//
// Launch: global (≥ Σ ⌈(in+1)/(MR·strip)⌉·⌈out/NR⌉, and 1 with TALLY), local (1), no local memory.
// Macros: LAYERS, MR, NV, TA, NUMBERS of A0, NEAR (few rows of δ), GRADIENT, TALLY; see block.cl and descend.cl.

#ifdef NEAR // all blocks of a strip find δ in the first-level cache, where it is brought before the first
#undef FETCH_B
#define FETCH_B(p)
#endif
#undef BLOCK_M
#undef BLOCK_N
#define BLOCK_M block
#define BLOCK_N strip_n

#define ARGUMENTS(l)                                                                        \
  , __global float *T##l, __global float *G##l, const int in##l, const int out##l, const int nr##l, const int panel##l, \
      __global const float *A##l, const int lda##l, __global const float *D##l, const int ldd##l
#define TAKE(l)                                                     \
  if (item >= 0) {                                                  \
    const int strips = (in##l + MR * strip) / (MR * strip);         \
    if (item < strips * ((out##l + NR - 1) / NR)) {                 \
      T = T##l, G = G##l, A = A##l, D = D##l;                       \
      M = in##l + 1, N = out##l, nr = nr##l, panel = panel##l;      \
      lda = lda##l, ldd = ldd##l;                                   \
      strip_m = item % strips, strip_n = item / strips;             \
    }                                                               \
    item -= strips * ((out##l + NR - 1) / NR);                      \
  }

__kernel void descendall(const int K, const float lambda, const float examples, const float rate,
                         const int strip
#ifdef TALLY
                         , __global const float *L, __global const int *R, __global float *S
#endif
                         EACH(ARGUMENTS)) {
  __global float *T = 0, *G = 0;
  __global const float *A = 0, *D = 0;
  int M = 0, N = 0, nr = 1, panel = 0, lda = 0, ldd = 0, strip_m = 0, strip_n = 0;
  int item = (int)get_global_id(0);
#ifdef TALLY
  if (item-- == 0) {
    add_to_tally(K, L, R, S);
    return;
  }
#endif
  EACH(TAKE)
  const int end = min((strip_m + 1) * strip, (M + MR - 1) / MR);
#ifdef GRADIENT
#define NEXT(theta, sum, penalty, exact) gradient_of(theta, (sum) + 0.0f, penalty, examples, inverse, exact)
#else
#define NEXT(theta, sum, penalty, exact) descended(theta, (sum) + 0.0f, penalty, examples, inverse, exact, rate)
#endif
  const float inverse = 1.0f / examples;
  const int exact = EXACT(examples);
  // Where the vectors of a row begin: found once, since it takes a division each.
#define VECTOR(j) ((strip_n * NR + (j)*VW) / nr * (size_t)panel + (strip_n * NR + (j)*VW) % nr)
  const size_t vector0 = VECTOR(0), vector1 = VECTOR(1), vector2 = VECTOR(2);
#define STORE(row, col, left, v)                                                                \
  if ((left) > 0) {                                                                             \
    const int j = ((col) - n) / VW;                                                             \
    const size_t at = (j == 0 ? vector0 : j == 1 ? vector1 : vector2) + (size_t)(row)*nr;       \
    STORE_REAL(NEXT(LOAD_REAL(T + at), v, (row) < M - 1 ? lambda : 0.0f, exact), left, G + at); \
  }
#define FROM(i, j) (T + vector##j + ((size_t)m + (i)) * nr)
#define TO(i, j) (G + vector##j + ((size_t)m + (i)) * nr)
  const int numbered = A == A0; // with NUMBERS, what other layers read is as it lies
#undef ROW_NUMBER
#define ROW_NUMBER(k) (numbered ? NUMBERS[k] : (k))
#ifdef NEAR
  for (int k = 0; k < K && strip_m * strip < end; k++)
    for (int j = 0; j < NV; j++) { FETCH(D + (size_t)k * ldd + strip_n * NR + j * VW) }
#endif
  for (int block = strip_m * strip; block < end; block++) {
    PRODUCT(A, lda, MR, D, NR, ldd)
  }
#undef STORE
#undef NEXT
#undef VECTOR
#undef FROM
#undef TO
}
