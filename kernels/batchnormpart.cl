// batchnormpart.cl: batch normalisation where the rows of a batch lie on several devices or
// ranks. Each has some of them; between the two kernels of a way what all have is put together.
//
//   batchnormmoments  μ = Σ z/b, V = Σ (z−μ)²/b of these b rows
//   batchnormgiven    O = g(y), y = γ (z−μ) r + β, with μ and r = 1/√(σ²+ε) of all rows
//   batchnormsums     ẑ = (z−μ) r, SB += Σ δ, SG += Σ δ ẑ of these rows; fresh ≠ 0: = for +=
//   batchnormback     C = γ r (δ − SB/n − ẑ SG/n), with SB and SG of all n rows
//
//   Z, O, Y, D, C  (i, j) at [i·ld + j]: z, g(y), y, δ before and after; O may be Z, C may be
//                  D. Y is there with KEEP_Y only
//   S              (0, j) is μ, (1, j) V or r, at [i·lds + j]
//   G, B, SG, SB   γ, β, Δγ, Δβ: unit j at [j]; padding keeps its 0
//
// cpuref/batchnormpart.go has the sources. What a device does with a whole batch is in
// batchnorm.cl.
//
// Launch and tunables: as batchnorm.cl.

typedef floatv real;

#define ALL_VECTORS for (int v = 0; v < STRIP; v++)
#define EACH_VECTOR ALL_VECTORS if (j0 + v * VW < cols)
#define AT(M, ld, i) ((M) + (size_t)(i) * (ld) + j0 + v * VW)

#ifdef KEEP_Y
#define Y_ARGS , __global float *Y, const int ldy
#define STORE_Y(y) store_part(y, left, AT(Y, ldy, i))
#else
#define Y_ARGS
#define STORE_Y(y)
#endif

__kernel void batchnormmoments(const int rows, const int cols, __global const float *Z, const int ldz,
                               __global float *S, const int lds) {
  SHARED_BY_SLICES
  const int j0 = (int)get_global_id(0) * (VW * STRIP);
  floatv mean[STRIP], squares[STRIP];
  ALL_VECTORS mean[v] = 0.0f;
  for (int i = SLICE; i < rows; i += SLICES) EACH_VECTOR mean[v] += LOADV(AT(Z, ldz, i));
  ALL_VECTORS {
    mean[v] = OVER_SLICES(mean[v]) / (float)rows;
    squares[v] = 0.0f;
  }
  for (int i = SLICE; i < rows; i += SLICES) EACH_VECTOR {
    const floatv d = LOADV(AT(Z, ldz, i)) - mean[v];
    squares[v] = MULADD(d, d, squares[v]);
  }
  ALL_VECTORS {
    const int left = cols - j0 - v * VW;
    const floatv variance = OVER_SLICES(squares[v]) / (float)rows;
    if (SLICE > 0 || left <= 0) continue;
    store_part(mean[v], left, AT(S, lds, 0));
    store_part(variance, left, AT(S, lds, 1));
  }
}

__kernel void batchnormgiven(const int rows, const int cols, __global const float *Z, const int ldz,
                             __global const float *G, __global const float *B, __global const float *S,
                             const int lds, __global float *O, const int ldo Y_ARGS) {
  const int j0 = (int)get_global_id(0) * (VW * STRIP);
  EACH_VECTOR {
    const int left = cols - j0 - v * VW;
    const floatv mean = LOADV(AT(S, lds, 0)), scale = LOADV(AT(S, lds, 1));
    const floatv gamma = LOADV(AT(G, 0, 0)), beta = LOADV(AT(B, 0, 0));
    for (int i = SLICE; i < rows; i += SLICES) {
      const floatv y = MULADD(gamma, (LOADV(AT(Z, ldz, i)) - mean) * scale, beta);
      STORE_Y(y);
      store_part(ACT(y), left, AT(O, ldo, i));
    }
  }
}

__kernel void batchnormsums(const int rows, const int cols, const int fresh, __global const float *D, const int ldd,
                            __global const float *Z, const int ldz, __global const float *S, const int lds,
                            __global float *SG, __global float *SB) {
  SHARED_BY_SLICES
  const int j0 = (int)get_global_id(0) * (VW * STRIP);
  floatv mean[STRIP], scale[STRIP], beta[STRIP], gamma[STRIP];
  ALL_VECTORS mean[v] = scale[v] = beta[v] = gamma[v] = 0.0f;
  EACH_VECTOR {
    mean[v] = LOADV(AT(S, lds, 0));
    scale[v] = LOADV(AT(S, lds, 1));
  }
  for (int i = SLICE; i < rows; i += SLICES) EACH_VECTOR {
    const floatv d = LOADV(AT(D, ldd, i));
    beta[v] += d;
    gamma[v] = MULADD(d, (LOADV(AT(Z, ldz, i)) - mean[v]) * scale[v], gamma[v]);
  }
  ALL_VECTORS {
    const int left = cols - j0 - v * VW;
    const floatv b = OVER_SLICES(beta[v]), g = OVER_SLICES(gamma[v]);
    if (SLICE > 0 || left <= 0) continue;
    __global float *sg = AT(SG, 0, 0), *sb = AT(SB, 0, 0);
    store_part(fresh ? g : LOADV(sg) + g, left, sg);
    store_part(fresh ? b : LOADV(sb) + b, left, sb);
  }
}

__kernel void batchnormback(const int rows, const int cols, const float all, __global const float *D, const int ldd,
                            __global const float *Z, const int ldz, __global const float *S, const int lds,
                            __global const float *G, __global const float *SG, __global const float *SB,
                            __global float *C, const int ldc) {
  const int j0 = (int)get_global_id(0) * (VW * STRIP);
  EACH_VECTOR {
    const int left = cols - j0 - v * VW;
    const floatv mean = LOADV(AT(S, lds, 0)), scale = LOADV(AT(S, lds, 1)), factor = LOADV(AT(G, 0, 0)) * scale;
    const floatv gamma = LOADV(AT(SG, 0, 0)) / all, beta = LOADV(AT(SB, 0, 0)) / all;
    for (int i = SLICE; i < rows; i += SLICES) {
      const floatv z = (LOADV(AT(Z, ldz, i)) - mean) * scale;
      store_part(factor * (LOADV(AT(D, ldd, i)) - beta - z * gamma), left, AT(C, ldc, i));
    }
  }
}
