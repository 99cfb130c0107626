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
//   and the sums of both over the rows of a batch, added to a tally
//
// One of LOSS_SOFTMAX, LOSS_SIGMOID, LOSS_MULTILABEL, LOSS_HINGE, LOSS_MSE, LOSS_MAE and
// LOSS_HUBER is set by the host. Comparisons are such that NaN fails them and stays. Units are taken VW at a
// time, which costs less than one after the other, and added one by one.

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
  int topz = 0, topy = 0;
  for (int k = 1; k < cols; k++) {
    if (Z[k] > Z[topz]) topz = k;
    if (Y[k] > Y[topy]) topy = k;
  }
  *R = cols == 1 ? (Z[0] > 0.0f) == (Y[0] > 0.5f) : topz == topy;
#endif
  float loss = 0.0f;
#ifdef LOSS_SOFTMAX
  const float top = Z[topz];
  float sum = 0.0f;
  for (int k = 0; k < cols; k += VW) sum = add_lanes(sum, exp(LOADV(Z + k) - top), cols - k);
  const float logsum = log(sum);
  for (int k = 0; k < cols; k++)
    if (Y[k] != 0.0f) loss += Y[k] * (logsum + (top - Z[k]));
#else
  for (int k = 0; k < cols; k += VW) loss = add_lanes(loss, term(LOADV(Z + k), LOADV(Y + k), limit), cols - k);
#endif
#ifdef QUANTITIES
  loss /= cols;
#endif
  return loss;
}
