// descendsum.cl: gradient.cl and sgd.cl in one pass, for Δ that lies in memory: one that was
// summed over devices, ranks or the parts of a batch. D never leaves the registers.
//
//   D = (Δ + λΘ)/m, the bias row without λ      Θ := Θ − α D
//
//   S, T  Δ and Θ of one layer: row r of panel p at [p·panel + r·nr], nr floats; rows
//         0 … in−1 are weights, row in is the bias
//
// The roundings are those of the two kernels one after the other, so that the results are
// the same bits.
//
// Launch and tunables: as gradient.cl.

#pragma OPENCL FP_CONTRACT OFF

#ifndef ROWS_PER_ITEM
#define ROWS_PER_ITEM 1
#endif

__kernel void descendsum(const int in, const int panel, const int nr, const float lambda, const float m, const float rate,
                         __global const float *S, __global float *T) {
  const int r0 = (int)get_global_id(1) * ROWS_PER_ITEM;
  const int r1 = min(r0 + ROWS_PER_ITEM, in + 1);
  const size_t base = get_global_id(2) * (size_t)panel;
  for (int r = r0; r < r1; r++) {
    const float penalty = r < in ? lambda : 0.0f;
    for (int v = (int)get_global_id(0) * VW; v < nr; v += (int)get_global_size(0) * VW) {
      const size_t at = base + (size_t)r * nr + v;
      const floatv theta = LOADV(T + at);
      const floatv step = rate * ((LOADV(S + at) + penalty * theta) / m);
      STOREV(theta - step, T + at);
    }
  }
}
