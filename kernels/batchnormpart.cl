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
// batchnorm.cl, which comes before this: the sums are the same.
//
// Launch and tunables: as batchnorm.cl.

__kernel void batchnormmoments(const int rows, const int cols, __global const float *Z, const int ldz,
                               __global float *S, const int lds) {
  SHARED_BY_SLICES
  const int j0 = (int)get_global_id(0) * (VW * STRIP);
  floatv mean[STRIP], squares[STRIP];
  MOMENTS(mean, squares)
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
                             const int lds, __global C_TYPE *O, const int ldo Y_ARGS) {
  const int j0 = (int)get_global_id(0) * (VW * STRIP);
  EACH_VECTOR {
    const int left = cols - j0 - v * VW;
    const floatv mean = LOADV(AT(S, lds, 0)), scale = LOADV(AT(S, lds, 1));
    const floatv gamma = LOADV(AT(G, 0, 0)), beta = LOADV(AT(B, 0, 0));
    for (int i = SLICE; i < rows; i += SLICES) {
      const floatv y = MULADD(gamma, (LOADV(AT(Z, ldz, i)) - mean) * scale, beta);
      STORE_Y(y);
      store_part_c(ACT(y), left, AT(O, ldo, i));
    }
  }
}

__kernel void batchnormsums(const int rows, const int cols, const int fresh, __global const A_TYPE *D, const int ldd,
                            __global const float *Z, const int ldz, __global const float *S, const int lds,
                            __global float *SG, __global float *SB) {
  SHARED_BY_SLICES
  const int j0 = (int)get_global_id(0) * (VW * STRIP);
  floatv mean[STRIP], scale[STRIP], beta[STRIP], gamma[STRIP];
  SUMS(mean, scale, beta, gamma)
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
