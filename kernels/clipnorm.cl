// clipnorm.cl: D := D · min(1, limit/‖D‖), with ‖D‖ over all layers. The norm stays on the
// device, so that nothing waits for it; it is summed in one order, so that it repeats.
//
//   sumsquares  P[at + w] = Σ of the squares that work-item w owns, of one layer
//   clipscale   S[0] = min(1, limit/√ΣP), over the parts partial sums of all layers
//   rescale     D := S[0] · D of one layer
//
//   D  D of one layer: n floats, a multiple of VW; padding holds 0
//   P  a float for each work-item and layer;  S  one float
//
// The sum over parts is compensated: Kahan, "Further remarks on reducing truncation
// errors", CACM 8 (1965). A square beyond float32, of |D| > 1.8e19, makes ‖D‖ infinite and
// the scale 0. Where ‖D‖ is not a number the scale is 1: fmin returns the other one.
//
// Launch: sumsquares global (items), strides over chunks of CHUNK vectors, any local size;
// clipscale one work-item; rescale as sgd.cl.
// Tunables: CHUNK as in sgd.cl.

#pragma OPENCL FP_CONTRACT OFF

#ifndef CHUNK
#define CHUNK 1
#endif

__kernel void sumsquares(const int n, const int at, __global const float *D, __global float *P) {
  const int w = get_global_id(0), items = get_global_size(0);
  floatv sum = 0.0f;
  for (int first = w * (CHUNK * VW); first < n; first += items * (CHUNK * VW)) {
    const int end = min(first + CHUNK * VW, n);
    floatv part = 0.0f;
    for (int i = first; i < end; i += VW) part += LOADV(D + i) * LOADV(D + i);
    sum += part;
  }
  P[at + w] = lanes(sum);
}

__kernel void clipscale(const int parts, const float limit, __global const float *P, __global float *S) {
  if (get_global_id(0) > 0) return;
  float sum = 0.0f, lost = 0.0f;
  for (int w = 0; w < parts; w++) {
    const float term = P[w] - lost;
    const float next = sum + term;
    lost = isinf(next) ? 0.0f : (next - sum) - term; // ∞ − ∞ is not a number
    sum = next;
  }
  S[0] = fmin(1.0f, limit / sqrt(sum));
}

__kernel void rescale(const int n, __global const float *S, __global float *D) {
  const int first = (int)get_global_id(0) * (CHUNK * VW);
  const int end = min(first + CHUNK * VW, n);
  const float scale = S[0];
  for (int i = first; i < end; i += VW) STOREV(scale * LOADV(D + i), D + i);
}
