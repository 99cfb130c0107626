// pack.cl: a copy of the weights with inputs and outputs exchanged, in the panels
// that the product of hiddendelta.cl reads. CPUs only; once a step.
//
//   B_(k, n) = W_(k → column, n → row): element (input n, output k) of W
//
//   W     (row i, column o) at W[(o / NR)·panel + i·NR + o % NR]: i input, o output
//   B     (k, n) at B[(n / NRB)·panelb + k·NRB + n % NRB]: k output, n input; written past the
//         caches if past is not 0
//
// A work-item moves SQUARES squares of VW × VW, all inputs of a panel of B by some outputs, whole
// vectors on both sides: it goes through W and through B as they lie. Squares that stick out
// move padding, which both sides have room for.
//
// Launch: global (⌈in/NRB⌉, ⌈out/outputs⌉), any local size. NR and NRB are multiples of VW.
// Tunables: NR, NRB the panel widths; SQUARES 9, so that a work-group is worth its launch.

#ifndef SQUARES
#define SQUARES 9
#endif

__kernel void pack(const int in, const int out,
                   __global const float *restrict W, const int panel, const int nr,
                   __global float *restrict B, const int panelb, const int nrb, const int past) {
  const int i0 = (int)get_global_id(0) * nrb, i1 = min(i0 + nrb, in);
  const int outputs = SQUARES * VW / nrb * VW;
  const int o0 = (int)get_global_id(1) * outputs, o1 = min(o0 + outputs, out);
  __global float *to = B + get_global_id(0) * panelb;
  for (int i = i0; i < i1; i += VW) {
    for (int o = o0; o < o1; o += VW) {
      __global const float *from = W + (size_t)(o / nr) * panel + (size_t)i * nr + o % nr;
      floatv square[VW];
      for (int r = 0; r < VW; r++) square[r] = LOADV(from + (size_t)r * nr);
      transpose(square, VW);
      if (past) {
        for (int c = 0; c < VW; c++) STORE_PAST(square[c], to + (size_t)(o + c) * nrb + (i - i0));
      } else {
        for (int c = 0; c < VW; c++) STOREV(square[c], to + (size_t)(o + c) * nrb + (i - i0));
      }
    }
  }
}
