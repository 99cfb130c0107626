// panel.cl: a copy of a matrix cut into panels, as block.cl reads the operands of
// accumulate.cl and descend.cl. CPUs only, for batches so large that the rows of the
// matrix itself, thousands of pages apart, are read through misses of the TLB.
//
//   P(i, j) at P[(j / WIDTH)·rows·WIDTH + i·WIDTH + j % WIDTH] = S(i, j)
//
//   S     (i, j) at S[i·ld + j], rows × cols; what fills the last panel lies behind
//
// Launch: global (⌈rows/16⌉, ⌈panels/PANELS⌉), any local size: a work-item copies 16 rows of
// PANELS panels that lie side by side.
// Tunables: ROWS_PER_PANEL_ITEM 16: enough to fill pages on the writing side, few on the reading.
// PANELS, so that a work-item has whole cache lines to read, and is worth its launch.

#ifndef WIDTH
#define WIDTH VW
#endif
#ifndef PANELS
#define PANELS 1
#endif
#define ROWS_PER_PANEL_ITEM 16

__kernel void panel(const int rows, const int panels, const int ld,
                    __global const float *restrict S, __global float *restrict P) {
  const int i0 = (int)get_global_id(0) * ROWS_PER_PANEL_ITEM;
  const int i1 = min(i0 + ROWS_PER_PANEL_ITEM, rows);
  const int p0 = (int)get_global_id(1) * PANELS;
  for (int p = p0; p < min(p0 + PANELS, panels); p++) {
    __global const float *s = S + (size_t)i0 * ld + p * WIDTH;
    __global float *to = P + ((size_t)p * rows + i0) * WIDTH;
    for (int i = i0; i < i1; i++, s += ld, to += WIDTH)
      for (int j = 0; j < WIDTH; j++) to[j] = s[j];
  }
}
