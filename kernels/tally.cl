// tally.cl: adding a batch to a tally. Not a kernel: cost.cl and descendall.cl use it.
//
//   T[0] += Σ L (T[1] its compensation), T[2] += Σ R, T[3] += rows
//
//   L, R  rows: the loss of each row and whether it is right, see loss.cl
//   T     8 words, see cost.go: 0 and 1 and 4 are floats, 2 and 3 are ints
//
// The sum over rows is compensated, in row order, and the same every time:
// Kahan, "Further remarks on reducing truncation errors", CACM 8 (1965).

inline void add_to_tally(int rows, __global const float *L, __global const int *R, __global float *T) {
#pragma OPENCL FP_CONTRACT OFF
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
  if (!isfinite(sum)) { // then what is lost is ∞ − ∞, and makes an infinite sum none
    sum = T[0];
    lost = 0.0f;
    for (int i = 0; i < rows; i++) sum += L[i];
  }
  T[0] = sum;
  T[1] = lost;
  counts[2] += right;
  counts[3] += rows;
}
