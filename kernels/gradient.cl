// gradient.cl: D = (Δ + λΘ)/m for weights, D = Δ/m for biases.
//
//   S, T, D  Δ, Θ and D of one layer: row r of panel p at [p·panel + r·nr], nr
//            floats; rows 0 … in−1 are weights, row in is the bias
//
// Each is a division, not a product with 1/m: that is the formula's rounding.
//
// Launch: global (≥ 1, ≥ ⌈(in+1)/ROWS_PER_ITEM⌉, panels): dimension 0 strides over the
// vectors of a row; any local size.
// Tunables: ROWS_PER_ITEM, rows that one work-item does: 1 on GPUs, 16 on CPUs.

#pragma OPENCL FP_CONTRACT OFF

#ifndef ROWS_PER_ITEM
#define ROWS_PER_ITEM 1
#endif

__kernel void gradient(const int in, const int panel, const int nr, const float lambda, const float m,
                       __global const float *S, __global const float *T, __global float *D) {
  const int r0 = (int)get_global_id(1) * ROWS_PER_ITEM;
  const int r1 = min(r0 + ROWS_PER_ITEM, in + 1);
  const size_t base = get_global_id(2) * (size_t)panel;
  for (int r = r0; r < r1; r++) {
    const float penalty = r < in ? lambda : 0.0f;
    for (int v = (int)get_global_id(0) * VW; v < nr; v += (int)get_global_size(0) * VW) {
      const size_t at = base + (size_t)r * nr + v;
      STOREV((LOADV(S + at) + penalty * LOADV(T + at)) / m, D + at);
    }
  }
}
