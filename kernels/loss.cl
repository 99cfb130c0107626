// loss.cl: the loss of a row, and whether its class is right. Not a kernel: cost.cl and
// backprop.cl use it.
//
//   L = loss of the row, from z so that it is finite for every finite z:
//       sigmoid   Σ_k max(z_k, 0) − z_k y_k + log(1 + e^−|z_k|), also of several labels
//       softmax   Σ_k y_k (log Σ_j e^(z_j − max z) + max z − z_k)
//       hinge     Σ_k max(0, 1 − (2y_k − 1) z_k)
//       MSE       (1/K) Σ_k r²,  MAE  (1/K) Σ_k r,  with r = |z_k − y_k|
//       Huber     (1/K) Σ_k ½r² where r ≤ limit, else limit (r − ½ limit)
//   R = 1 if the largest z is where the largest y is (the first of equals); with one
//       unit, if z > 0 just where y > ½, and of several labels, if that holds for every
//       unit; 0 for MSE, MAE, Huber
//
// One of LOSS_SOFTMAX, LOSS_SIGMOID, LOSS_MULTILABEL, LOSS_HINGE, LOSS_MSE, LOSS_MAE and
// LOSS_HUBER is set by the host. Comparisons are such that NaN fails them and stays. Sums are
// kept in ROW_LANES lanes, see common.cl.

#if defined(LOSS_MSE) || defined(LOSS_MAE) || defined(LOSS_HUBER)
#define QUANTITIES
#endif

// term is what units give to the loss of their row. Comparisons that are false for NaN
// keep it, unlike fmax.
inline floatv term(floatv z, floatv y, float limit) {
#pragma OPENCL FP_CONTRACT OFF
#if defined(LOSS_HINGE)
  const floatv margin = 1.0f - (2.0f * y - 1.0f) * z;
  return margin < 0.0f ? (floatv)0.0f : margin;
#elif defined(LOSS_MSE)
  const floatv r = fabs(z - y);
  return r * r;
#elif defined(LOSS_MAE)
  return fabs(z - y);
#elif defined(LOSS_HUBER)
  const floatv r = fabs(z - y);
  return r > limit ? limit * (r - 0.5f * limit) : 0.5f * r * r;
#else
  return (z < 0.0f ? (floatv)0.0f : z) - z * y + log1p(exp(-fabs(z)));
#endif
}

// largest is where the largest of a row is, the first of equals; the first if that is NaN.
inline int largest(int cols, __global const float *V) {
  floatv best[ROW_PARTS];
  intv where[ROW_PARTS];
  for (int p = 0; p < ROW_PARTS; p++) best[p] = -INFINITY, where[p] = 0;
  for (int k = 0; k < cols; k += ROW_LANES) {
    for (int p = 0; p < ROW_PARTS; p++) {
      const floatv v = LOADV(V + k + p * VW);
      const intv at = lane_numbers() + (k + p * VW), better = (v > best[p]) & (at < cols);
      best[p] = better ? v : best[p];
      where[p] = better ? at : where[p];
    }
  }
  float lane[ROW_LANES], most = -INFINITY;
  int of[ROW_LANES], top = 0;
  for (int p = 0; p < ROW_PARTS; p++) KEEPV(best[p], lane + p * VW), KEEPV(where[p], of + p * VW);
  for (int j = 0; j < min(cols, ROW_LANES); j++)
    if (lane[j] > most || lane[j] == most && of[j] < top) most = lane[j], top = of[j];
  return isnan(V[0]) ? 0 : top;
}

// row_loss is L of a row of cols units, and sets R.
inline float row_loss(int cols, __global const float *Z, __global const float *Y, float limit, __global int *R) {
#pragma OPENCL FP_CONTRACT OFF
#ifdef QUANTITIES
  *R = 0;
#elif defined(LOSS_MULTILABEL)
  int all = 1;
  for (int k = 0; k < cols; k++) all &= (Z[k] > 0.0f) == (Y[k] > 0.5f);
  *R = all;
#else
  const int topz = largest(cols, Z);
  *R = cols == 1 ? (Z[0] > 0.0f) == (Y[0] > 0.5f) : topz == largest(cols, Y);
#endif
  floatv sum[ROW_PARTS];
  for (int p = 0; p < ROW_PARTS; p++) sum[p] = 0.0f;
#ifdef LOSS_SOFTMAX
  const float top = Z[topz];
#define TERM(z, y) exp((z) - top)
#else
#define TERM(z, y) term(z, y, limit)
#endif
  for (int k = 0; k < cols; k += ROW_LANES)
    for (int p = 0; p < ROW_PARTS; p++) {
      const int at = k + p * VW;
      sum[p] += first_lanes(TERM(LOADV(Z + at), LOADV(Y + at)), cols - at);
    }
  float loss = add_lanes(sum);
#ifdef LOSS_SOFTMAX
  const float logsum = log(loss);
  for (int p = 0; p < ROW_PARTS; p++) sum[p] = 0.0f;
  for (int k = 0; k < cols; k += ROW_LANES)
    for (int p = 0; p < ROW_PARTS; p++) {
      const int at = k + p * VW;
      const floatv y = LOADV(Y + at), part = y * (logsum + (top - LOADV(Z + at)));
      // not where y is 0: z may be −∞ there
      sum[p] += first_lanes(y == 0.0f ? (floatv)0.0f : part, cols - at);
    }
  loss = add_lanes(sum);
#endif
#ifdef QUANTITIES
  loss /= cols;
#endif
  return loss;
}
