// sgd.cl: Θ := Θ − α D, weights and biases alike.
//
//   T, D  Θ and D of one layer, laid out alike: n floats, a multiple of VW
//
// Launch: global (≥ 1), grid-stride over vectors; any local size.

#pragma OPENCL FP_CONTRACT OFF

__kernel void sgd(const int n, const float rate, __global float *T, __global const float *D) {
  for (int v = (int)get_global_id(0) * VW; v < n; v += (int)get_global_size(0) * VW)
    STOREV(LOADV(T + v) - rate * LOADV(D + v), T + v);
}
