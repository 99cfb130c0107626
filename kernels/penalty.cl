// penalty.cl: Σ_{j≠0} Θ_ij² and Σ_{j≠0} |Θ_ij|, the sums in the cost's penalties
// λ/(2m) Σ Θ² and λ1/m Σ |Θ|.
//
//   squares     P[w] = the squares of the rows that work-item w owns, summed, and
//               P[n + w] = their magnitudes
//   addsquares  T[4] += Σ P and T[5] += Σ P[n + …], over n partial sums each, in order;
//               = instead of += with first ≠ 0
//
//   W     weights of one layer: row r of panel p at W[p·panel + r·nr]; the bias row
//         (r = in) is not read. Padding columns hold 0.
//   P     two floats a work-item
//   T     the tally, see cost.cl
//
// Launch: squares global (n), strides over the in rows of each panel, any local size;
// addsquares one work-item.

__kernel void squares(const int in, const int panels, const int panel, const int nr,
                      __global const float *W, __global float *P) {
  const int w = get_global_id(0), n = get_global_size(0);
  floatv sum = 0.0f, size = 0.0f;
  for (int p = 0; p < panels; p++)
    for (int r = w; r < in; r += n) {
      __global const float *row = W + (size_t)p * panel + (size_t)r * nr;
      floatv part = 0.0f, sizes = 0.0f;
      for (int v = 0; v < nr; v += VW) {
        part += LOADV(row + v) * LOADV(row + v);
        sizes += fabs(LOADV(row + v));
      }
      sum += part;
      size += sizes;
    }
  P[w] = lanes(sum);
  P[n + w] = lanes(size);
}

__kernel void addsquares(const int n, const int first, __global const float *P, __global float *T) {
  if (get_global_id(0) > 0) return;
  float sum = first ? 0.0f : T[4], size = first ? 0.0f : T[5];
  for (int w = 0; w < n; w++) {
    sum += P[w];
    size += P[n + w];
  }
  T[4] = sum;
  T[5] = size;
}
