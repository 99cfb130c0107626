// activate.cl: A = g(Z), for the output layer; hidden layers have theirs fused in
// forward.cl.
//
//   activate   element by element
//   softmax    a_k = e^(z_k − max z) / Σ_j e^(z_j − max z), row by row; the maximum is
//              taken off so that no exponential overflows
//
//   Z, A  (i, j) at [i·ld + j], rows × cols
//
// Launch: activate: global (≥ ⌈cols/VW⌉, rows), a work-item a vector, grid-stride in
// dimension 0. softmax: global (≥ rows), a work-item a row. Any local size.

typedef floatv real;

__kernel void activate(const int rows, const int cols, __global const float *Z, const int ldz,
                       __global float *A, const int lda) {
  const int i = get_global_id(1);
  if (i >= rows) return;
  for (int j = (int)get_global_id(0) * VW; j < cols; j += (int)get_global_size(0) * VW)
    store_part(ACT(LOADV(Z + (size_t)i * ldz + j)), cols - j, A + (size_t)i * lda + j);
}

__kernel void softmax(const int rows, const int cols, __global const float *Z, const int ldz,
                      __global float *A, const int lda) {
  const int i = get_global_id(0);
  if (i >= rows) return;
  Z += (size_t)i * ldz;
  A += (size_t)i * lda;
  float top = Z[0];
  for (int j = 1; j < cols; j++) top = fmax(top, Z[j]);
  float sum = 0.0f;
  for (int j = 0; j < cols; j++) {
    const float e = exp(Z[j] - top);
    A[j] = e;
    sum += e;
  }
  for (int j = 0; j < cols; j++) A[j] /= sum;
}
