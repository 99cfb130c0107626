// maxnorm.cl: w := w · min(1, limit/‖w‖) for the weights w into each unit, a column of the
// layout; the bias stays.
//
//   T  Θ of one layer: row r of panel p at [p·panel + r·nr], nr floats; rows 0 … in−1 are
//      weights
//
// A column whose norm is not a number stays: fmin returns the other one. One whose squares
// are beyond float32, of a weight above 1.8e19, becomes 0.
//
// Launch: global (≥ panels·nr/VW), a work-item VW columns; any local size.

#pragma OPENCL FP_CONTRACT OFF

__kernel void maxnorm(const int in, const int panels, const int panel, const int nr, const float limit,
                      __global float *T) {
  const int w = get_global_id(0), each = nr / VW;
  if (w >= panels * each) return;
  T += (size_t)(w / each) * panel + (w % each) * VW;
  floatv sum = 0.0f;
  for (int r = 0; r < in; r++) {
    const floatv t = LOADV(T + (size_t)r * nr);
    sum += t * t;
  }
  const floatv scale = fmin((floatv)1.0f, limit / sqrt(sum));
  for (int r = 0; r < in; r++) STOREV(scale * LOADV(T + (size_t)r * nr), T + (size_t)r * nr);
}
