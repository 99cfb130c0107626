// cost.cl: the loss of each row of a batch and whether its class is right, and
// their sums over the batch, added to a tally.
//
//   rowcost   L[i] = loss of row i, times W[i] with WEIGHTED; R[i] = 1 if its class is right:
//             loss.cl has the formulas
//   tally     T[0] += Σ L, T[2] += Σ R, T[3] += rows, in row order: tally.cl
//
//   Z, Y  (i, k) at [i·ld + k], rows × cols;  W  i at [i·ldw];  L, R  rows
//   T     8 words, see tally.cl
//
// Launch: rowcost global (≥ rows), a work-item a row, any local size; tally one
// work-item. One of the LOSS_… of loss.cl is set by the host.

#pragma OPENCL FP_CONTRACT OFF

__kernel void rowcost(const int rows, const int cols, __global const float *Z, const int ldz,
                      __global const float *Y, const int ldy, __global float *L, __global int *R,
                      const float limit
#ifdef WEIGHTED
                      , __global const float *W, const int ldw
#endif
) {
  const int i = get_global_id(0);
  if (i >= rows) return;
  float loss = row_loss(cols, Z + (size_t)i * ldz, Y + (size_t)i * ldy, limit, R + i);
#ifdef WEIGHTED
  loss *= W[(size_t)i * ldw];
#endif
  L[i] = loss;
}

__kernel void tally(const int rows, __global const float *L, __global const int *R, __global float *T) {
  if (get_global_id(0) > 0) return;
  add_to_tally(rows, L, R, T);
}
