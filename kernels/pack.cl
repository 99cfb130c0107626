// pack.cl: a copy of the weights with inputs and outputs exchanged, in the panels
// that the product of hiddendelta.cl reads. CPUs only; once a step.
//
//   B_(k, n) = W_(k → column, n → row): element (input n, output k) of W
//
//   W     (row i, column o) at W[(o / NR)·panel + i·NR + o % NR]: i input, o output
//   B     (k, n) at B[(n / NRB)·panelb + k·NRB + n % NRB]: k output, n input
//
// A work-item moves STRIP squares of VW × VW, one below the other, whole vectors on
// both sides; squares that stick out move padding, which both sides have room for.
//
// Launch: global (⌈in/VW/STRIP⌉, ⌈out/VW⌉), any local size. NR and NRB are multiples of VW.
// Tunables: NR, NRB the panel widths; STRIP 16, so that a work-group is worth its launch.

#ifndef STRIP
#define STRIP 16
#endif

__kernel void pack(const int in, const int out,
                   __global const float *restrict W, const int panel, const int nr,
                   __global float *restrict B, const int panelb, const int nrb) {
  const int o = (int)get_global_id(1) * VW;
  const int i0 = (int)get_global_id(0) * (STRIP * VW);
  const int i1 = min(i0 + STRIP * VW, in);
  if (o >= out) return;
  __global const float *from = W + (size_t)(o / nr) * panel + o % nr;
  for (int i = i0; i < i1; i += VW) {
    __global float *to = B + (size_t)(i / nrb) * panelb + (size_t)o * nrb + i % nrb;
    floatv square[VW];
    for (int r = 0; r < VW; r++) square[r] = LOADV(from + (size_t)(i + r) * nr);
    transpose(square, VW);
    for (int c = 0; c < VW; c++) STOREV(square[c], to + c * nrb);
  }
}
