// cost.cl: the loss of each row of a batch and whether its class is right, and
// their sums over the batch, added to a tally.
//
//   rowcost   L[i] = loss of row i, from z so that it is finite for every finite z:
//             sigmoid   Σ_k max(z_k, 0) − z_k y_k + log(1 + e^−|z_k|)
//             softmax   Σ_k y_k (log Σ_j e^(z_j − max z) + max z − z_k)
//             hinge     Σ_k max(0, 1 − (2y_k − 1) z_k)
//             MSE       (1/K) Σ_k r²,  MAE  (1/K) Σ_k r,  with r = |z_k − y_k|
//             Huber     (1/K) Σ_k ½r² where r ≤ limit, else limit (r − ½ limit)
//             times W[i], with WEIGHTED
//             R[i] = 1 if the largest z is where the largest y is (the first of
//             equals); with one unit, if z > 0 where y > ½; 0 for MSE, MAE, Huber
//   tally     T[0] += Σ L (T[1] its compensation), T[2] += Σ R, T[3] += rows
//
//   Z, Y  (i, k) at [i·ld + k], rows × cols;  W  i at [i·ldw];  L, R  rows
//   T     8 words, see tally.go: 0 and 1 and 4 are floats, 2 and 3 are ints
//
// The sum over rows is compensated, in row order, and the same every time:
// Kahan, "Further remarks on reducing truncation errors", CACM 8 (1965).
//
// Launch: rowcost global (≥ rows), a work-item a row, any local size; tally one
// work-item. One of LOSS_SOFTMAX, LOSS_SIGMOID, LOSS_HINGE, LOSS_MSE, LOSS_MAE and
// LOSS_HUBER is set by the host. Comparisons are such that NaN fails them and stays. Units are
// taken VW at a time, which costs less than one after the other, and added one by one.

#pragma OPENCL FP_CONTRACT OFF

#if defined(LOSS_MSE) || defined(LOSS_MAE) || defined(LOSS_HUBER)
#define QUANTITIES
#endif

// term is what units give to the loss of their row. Comparisons that are false for NaN
// keep it, unlike fmax.
inline floatv term(floatv z, floatv y, float limit) {
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

__kernel void rowcost(const int rows, const int cols, __global const float *Z, const int ldz,
                      __global const float *Y, const int ldy, __global float *L, __global int *R,
                      const float limit
#ifdef WEIGHTED
                      , __global const float *W, const int ldw
#endif
) {
  const int i = get_global_id(0);
  if (i >= rows) return;
  Z += (size_t)i * ldz;
  Y += (size_t)i * ldy;
#ifdef QUANTITIES
  R[i] = 0;
#else
  int topz = 0, topy = 0;
  for (int k = 1; k < cols; k++) {
    if (Z[k] > Z[topz]) topz = k;
    if (Y[k] > Y[topy]) topy = k;
  }
  R[i] = cols == 1 ? (Z[0] > 0.0f) == (Y[0] > 0.5f) : topz == topy;
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
#ifdef WEIGHTED
  loss *= W[(size_t)i * ldw];
#endif
  L[i] = loss;
}

__kernel void tally(const int rows, __global const float *L, __global const int *R, __global float *T) {
  if (get_global_id(0) > 0) return;
  __global int *counts = (__global int *)T;
  float sum = T[0], lost = T[1];
  int right = 0;
  for (int i = 0; i < rows; i++) {
    const float term = L[i] - lost;
    const float next = sum + term;
    lost = (next - sum) - term;
    sum = next;
    right += R[i];
  }
  T[0] = sum;
  T[1] = lost;
  counts[2] += right;
  counts[3] += rows;
}
