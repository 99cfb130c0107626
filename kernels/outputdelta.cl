// outputdelta.cl: δ(L) = ∂loss/∂z(L), from h = a(L).
//
//   cross-entropies  h − y
//   hinge            −t where t h < 1, else 0, with t = 2y − 1
//   MSE              scale (h − y),           scale = 2/K
//   MAE              scale sign(h − y),       scale = 1/K
//   Huber            scale (h − y cut to ±limit), scale = 1/K
//
// each times W[i], with WEIGHTED, and times S[0], with SCALED: a power of two, which has no
// rounding. With C_HALF D is halves (common.cl).
//
//   A, Y, D  (i, j) at [i·ld + j], rows × cols;  W  i at [i·ldw];  S  one float
//
// Launch: global (≥ ⌈cols/VW⌉, rows), a work-item a vector, grid-stride in
// dimension 0; any local size. The host sets one of LOSS_HINGE, LOSS_MSE, LOSS_MAE
// and LOSS_HUBER, or none for the cross-entropies; and ANY_LOSS with these and with
// WEIGHTED, so that the most common case has no arguments for nothing. Comparisons
// are such that NaN fails them and stays.

#if defined(LOSS_HINGE)
#define SLOPE(r, h, y) hinge(h, 2.0f * (y) - 1.0f)
inline floatv hinge(floatv h, floatv t) {
  const floatv margin = 1.0f - t * h;
  return margin > 0.0f ? -t : margin <= 0.0f ? (floatv)0.0f : margin;
}
#elif defined(LOSS_MSE)
#define SLOPE(r, h, y) (scale * (r))
#elif defined(LOSS_MAE)
#define SLOPE(r, h, y) ((r) > 0.0f ? (floatv)scale : (r) < 0.0f ? (floatv)-scale : (r))
#elif defined(LOSS_HUBER)
#define SLOPE(r, h, y) (scale * ((r) > limit ? (floatv)limit : (r) < -limit ? (floatv)-limit : (r)))
#else
#define SLOPE(r, h, y) (r)
#endif

__kernel void outputdelta(const int rows, const int cols, __global const float *A, const int lda,
                          __global const float *Y, const int ldy, __global C_TYPE *D, const int ldd
#ifdef ANY_LOSS
                          , const float scale, const float limit
#endif
#ifdef WEIGHTED
                          , __global const float *W, const int ldw
#endif
#ifdef SCALED
                          , __global const float *S
#endif
) {
  const int i = get_global_id(1);
  if (i >= rows) return;
  for (int j = (int)get_global_id(0) * VW; j < cols; j += (int)get_global_size(0) * VW) {
    const floatv h = LOADV(A + (size_t)i * lda + j), y = LOADV(Y + (size_t)i * ldy + j), r = h - y;
    floatv d = SLOPE(r, h, y);
#ifdef WEIGHTED
    d *= W[(size_t)i * ldw];
#endif
#ifdef SCALED
    d *= S[0];
#endif
    store_part_c(d, cols - j, D + (size_t)i * ldd + j);
  }
}
