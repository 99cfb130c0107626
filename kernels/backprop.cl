// backprop.cl: a batch through all layers and back, in one launch: forward.cl for each
// layer, activate.cl and outputdelta.cl, hiddendelta.cl for each hidden layer. For
// narrow nets, where each of these alone takes less time than its launch.
//
//   a(1) = x;  z(l+1) = Θ(l)[1; a(l)],  a(l+1) = ACT(z(l+1));  h = OUT(z(L))
//   δ(L) = SLOPE(h − y, h, y);  δ(l) = (Θ(l)ᵀ δ(l+1) without its bias row) ⊙ ACT_PRIME(a(l))
//
// An example needs no other one on this way. A work-item takes VW of them, one a lane,
// and keeps what it has in columns, so that a weight is read once for VW examples:
//
//   T   unit u of lane r at [u·VW + r]; one such array a layer of units, with a row of
//       ones for the bias, then two for δ. They are scratch memory of the work-item.
//
// GATHER does gather.cl of x and y on the way, and COST rowcost of cost.cl.
//
//   X            (i, j) at X[i·ldx + j], rows × in of the first layer
//   Z, Y         (i, k) at [i·ldz + k], rows × out of the last layer
//   W##l         weights of layer l: (k, n) at W[(n / nr)·panel + k·nr + n % nr], in + 1 rows
//   A##l, D##l   (i, n) at [i·ld + n]: a(l+2) and δ(l+2), which layer l gives; A of the last is h
//   S            stride floats of scratch memory a work-item, the last 2·wide for δ
//   GATHER: X and Y are set first, row i to row I[from + i] of FX and FY, which have their ld;
//                the host has checked the row numbers
//   COST: L, R   rows: the loss of each row and whether it is right, see loss.cl
//
// Sums run over k = 0, 1, … from 0, and every formula is that of the kernel it replaces:
// the results are the same bits.
//
// Launch: global (≥ ⌈rows/VW⌉), a work-item VW rows, local (1), no local memory.
// Macros: LAYERS; ACT_… of the hidden layers; OUT_SOFTMAX, OUT_SIGMOID or OUT_LINEAR;
// LOSS_… of outputdelta.cl, whose SLOPE is used, with scale and limit; GATHER, COST.
// Tunables: FAR 32 rows of weights are fetched ahead: another core may have written them, and
// its cache is some hundred cycles away; AHEAD 12 of T, which may not fit the first cache.
// Idea: T. Müller, F. Rousselle, J. Novák, A. Keller, "Real-time neural radiance caching
// for path tracing", ACM TOG 40 (2021), the fully fused network; there on local memory.

#ifndef FAR
#define FAR 32
#endif
#ifndef AHEAD
#define AHEAD 12
#endif

typedef floatv real;

#if defined(OUT_SIGMOID)
#define OUT(z) (1.0f / (1.0f + exp(-(z))))
#else
#define OUT(z) (z)
#endif

// UP(n) is n rounded up to whole vectors.
#define UP(n) (((n) + VW - 1) / VW * VW)

// columns turns VW rows of cols floats into columns at T; rows past left repeat the last.
inline void columns(__global const float *rows, int ld, int left, int cols, __global float *T) {
  for (int j = 0; j < cols; j += VW) {
    floatv v[VW];
    for (int r = 0; r < VW; r++) v[r] = LOADV(rows + (size_t)min(r, left - 1) * ld + j);
    transpose(v, VW);
    for (int c = 0; c < VW; c++) STOREV(v[c], T + (j + c) * VW);
  }
}

#ifdef GATHER
#define GATHERED __global float *
// gathered copies VW rows of a set, at most left, to those of a batch.
inline void gathered(__global const float *from, __global const int *row, __global float *to, int ld, int left, int cols) {
  for (int r = 0; r < min(left, VW); r++) {
    __global const float *s = from + (size_t)row[r] * ld;
    for (int j = 0; j < cols; j += VW) STOREV(LOADV(s + j), to + (size_t)r * ld + j);
  }
}
#else
#define GATHERED __global const float *
#endif

// store_rows turns VW columns, of which the first cols are inside the matrix, into rows.
inline void store_rows(floatv *v, __global float *rows, int ld, int left, int cols) {
  transpose(v, VW);
  if (left >= VW && cols >= VW) {
    for (int r = 0; r < VW; r++) STOREV(v[r], rows + (size_t)r * ld);
  } else {
    for (int r = 0; r < min(left, VW); r++) store_part(v[r], cols, rows + (size_t)r * ld);
  }
}

// output is h = OUT(z) and δ(L) of one row.
inline void output(int cols, __global const float *Z, __global const float *Y, __global float *H, __global float *D,
                   float scale, float limit) {
#ifdef OUT_SOFTMAX
  softmax_row(cols, Z, H);
#else
  for (int j = 0; j < cols; j += VW) store_part(OUT(LOADV(Z + j)), cols - j, H + j);
#endif
  for (int j = 0; j < cols; j += VW) {
    const floatv h = LOADV(H + j), y = LOADV(Y + j), r = h - y;
    store_part(SLOPE(r, h, y), cols - j, D + j);
  }
}

#define ARGUMENTS(l)                                                                       \
  , __global const float *W##l, const int out##l, const int nr##l, const int panel##l,     \
      __global float *A##l, __global float *D##l, const int ld##l
#define LIST_W(l) W##l,
#define LIST_OUT(l) out##l,
#define LIST_NR(l) nr##l,
#define LIST_PANEL(l) panel##l,
#define LIST_A(l) A##l,
#define LIST_D(l) D##l,
#define LIST_LD(l) ld##l,

__kernel void backprop(const int rows, const int in, __global float *S, const int stride, const int wide,
                       GATHERED X, const int ldx, __global float *Z,
                       GATHERED Y, const int ldz, const float scale, const float limit
#ifdef GATHER
                       , const int from, __global const int *I, __global const float *FX, __global const float *FY
#endif
#ifdef COST
                       , __global float *L, __global int *R
#endif
                       EACH(ARGUMENTS)) {
  __global const float *W[LAYERS] = {EACH(LIST_W)};
  __global float *A[LAYERS] = {EACH(LIST_A)};
  __global float *D[LAYERS] = {EACH(LIST_D)};
  const int out[LAYERS] = {EACH(LIST_OUT)}, nr[LAYERS] = {EACH(LIST_NR)};
  const int panel[LAYERS] = {EACH(LIST_PANEL)}, ld[LAYERS] = {EACH(LIST_LD)};
  const size_t first = get_global_id(0) * VW;
  if (first >= rows) return;
  const int left = rows - (int)first;

#ifdef GATHER
  gathered(FX, I + from + first, X + first * ldx, ldx, left, in + 1);
  gathered(FY, I + from + first, Y + first * ldz, ldz, left, out[LAYERS - 1]);
#endif
  S += get_global_id(0) * (size_t)stride;
  __global float *T = S; // a of the layer's inputs
  columns(X + first * ldx, ldx, left, in + 1, T);
  int K = in + 1;
  for (int l = 0; l < LAYERS; l++) {
    const int N = out[l];
    __global float *to = T + UP(K) * VW;
    for (int n = 0; n < N; n += VW) {
      __global const float *w = W[l] + n / nr[l] * (size_t)panel[l] + n % nr[l];
      UNITS(DECLARE_UNIT)
      for (int k = 0; k < K; k++, w += nr[l]) {
        FETCH(w + FAR * nr[l])
        FETCH(T + (k + AHEAD) * VW)
        const floatv a = LOADV(T + k * VW);
#define MULADD_UNIT(i) c##i = MULADD(a, (floatv)(w[i]), c##i);
        UNITS(MULADD_UNIT)
#undef MULADD_UNIT
      }
      if (l < LAYERS - 1) {
#define ACTIVATE_UNIT(i) c##i = ACT(c##i); STOREV(c##i, to + (n + (i)) * VW);
        UNITS(ACTIVATE_UNIT)
#undef ACTIVATE_UNIT
      }
      floatv square[VW] = {UNITS(LIST_UNIT)};
      store_rows(square, (l < LAYERS - 1 ? A[l] : Z) + first * ld[l] + n, ld[l], left, N - n);
    }
    STOREV((floatv)1.0f, to + N * VW);
    T = to;
    K = N + 1;
  }

  // T is where a of the output layer would be: the first place for δ.
  const int last = LAYERS - 1;
  for (int r = 0; r < VW && r < left; r++) {
    const size_t at = (first + r) * ldz;
    output(out[last], Z + at, Y + at, A[last] + at, D[last] + at, scale, limit);
#ifdef COST
    L[first + r] = row_loss(out[last], Z + at, Y + at, limit, R + first + r);
#endif
  }
  __global float *delta = T, *next = T + wide;
  columns(D[last] + first * ldz, ldz, left, out[last], delta);
  __global const float *a = T;
  for (int l = last; l > 0; l--) {
    const int N = out[l], M = out[l - 1];
    a -= UP(M + 1) * VW;
    for (int m = 0; m < M; m += VW) {
      UNITS(DECLARE_UNIT)
      for (int n = 0; n < N; n += nr[l]) {
        __global const float *w = W[l] + n / nr[l] * (size_t)panel[l] + m * nr[l];
        const int end = min(nr[l], N - n);
        for (int k = 0; k < end; k++) {
          const floatv d = LOADV(delta + (n + k) * VW);
#define MULADD_UNIT(i) c##i = MULADD(d, (floatv)(w[(i)*nr[l] + k]), c##i);
          UNITS(MULADD_UNIT)
#undef MULADD_UNIT
        }
      }
#define PRIME_UNIT(i)                                      \
  {                                                        \
    const real prime = ACT_PRIME(LOADV(a + (m + (i)) * VW)); \
    c##i = (c##i)*prime;                                   \
    STOREV(c##i, next + (m + (i)) * VW);                   \
  }
      UNITS(PRIME_UNIT)
#undef PRIME_UNIT
      floatv square[VW] = {UNITS(LIST_UNIT)};
      store_rows(square, D[l - 1] + first * ld[l - 1] + m, ld[l - 1], left, M - m);
    }
    __global float *swap = delta;
    delta = next;
    next = swap;
  }
}
