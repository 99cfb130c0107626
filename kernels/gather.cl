// gather.cl: D_i = S_I[from+i], the examples of a batch, whole rows with their padding.
//
//   S, D  row i at [i·ld], ld floats, a multiple of VW, the same for both; two halves are
//         a float as well as any
//   I     row numbers, each inside S: the host has checked them
//
// Launch: global (≥ 1, rows), grid-stride over the vectors of a row; any local size.

__kernel void gather(const int rows, const int ld, const int from, __global const float *restrict S,
                     __global const int *restrict I, __global float *restrict D) {
  const int i = get_global_id(1);
  if (i >= rows) return;
  __global const float *s = S + (size_t)I[from + i] * ld;
  __global float *d = D + (size_t)i * ld;
  for (int v = (int)get_global_id(0) * VW; v < ld; v += (int)get_global_size(0) * VW)
    STOREV(LOADV(s + v), d + v);
}
