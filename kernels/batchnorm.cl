// batchnorm.cl: batch normalisation of a layer of cols units, over the rows of a batch.
//
//   batchnorm         μ = Σ z/b, σ² = Σ (z−μ)²/b, r = 1/√(σ²+ε), y = γ (z−μ) r + β,
//                     O = g(y); RM := RM + ρ (μ − RM), RV := RV + ρ (σ² b/(b−1) − RV)
//   batchnormrunning  O = g(γ (z−RM)/√(RV+ε) + β)
//   batchnormdelta    ẑ = (z−μ) r, SB += Σ δ, SG += Σ δ ẑ, with fresh ≠ 0 = instead of +=,
//                     C = γ r (δ − Σ δ/b − ẑ Σ δẑ/b)
//
//   Z, O, Y, D, C   (i, j) at [i·ld + j]: z, g(y), y, δ before and after; O may be Z, C may
//                   be D. Y is there with KEEP_Y only. D is halves with A_HALF, O, Y and C
//                   are with C_HALF (common.cl)
//   S               (0, j) is μ, (1, j) r, at [i·lds + j]
//   G, B, RM, RV    γ, β, running mean and variance: unit j at [j]; padding keeps its 0
//   SG, SB          Δγ and Δβ, likewise
//   share           ρ;  bessel  b/(b−1)
//
// cpuref/batchnorm.go has the sources. The mean is taken off before squares are summed.
//
// Launch: see strip.cl. CPUs: global (≥ ⌈cols/(VW·STRIP)⌉), local 1; GPUs: global
// (⌈cols/LANES⌉·LANES, SLICES), VW and STRIP 1.
// Tunables: STRIP, SLICES, LANES. A strip is read again for every sum: it should stay in
// the cache of a core, and be whole lines of it.

typedef floatv real;

#define ALL_VECTORS for (int v = 0; v < STRIP; v++)
#define EACH_VECTOR ALL_VECTORS if (j0 + v * VW < cols)
#define AT(M, ld, i) ((M) + (size_t)(i) * (ld) + j0 + v * VW)

// MOMENTS sets mean to μ of the rows, and squares to what a slice has of Σ (z−μ)².
#define MOMENTS(mean, squares)                                                            \
  ALL_VECTORS mean[v] = 0.0f;                                                             \
  for (int i = SLICE; i < rows; i += SLICES) EACH_VECTOR mean[v] += LOADV(AT(Z, ldz, i)); \
  ALL_VECTORS {                                                                           \
    mean[v] = OVER_SLICES(mean[v]) / (float)rows;                                         \
    squares[v] = 0.0f;                                                                    \
  }                                                                                       \
  for (int i = SLICE; i < rows; i += SLICES) EACH_VECTOR {                                \
    const floatv d = LOADV(AT(Z, ldz, i)) - mean[v];                                      \
    squares[v] = MULADD(d, d, squares[v]);                                                \
  }

// SUMS sets mean and scale from S, beta to Σ δ and gamma to Σ δ ẑ, and adds these to SB and SG.
#define SUMS(mean, scale, beta, gamma)                                                    \
  ALL_VECTORS mean[v] = scale[v] = beta[v] = gamma[v] = 0.0f;                             \
  EACH_VECTOR {                                                                           \
    mean[v] = LOADV(AT(S, lds, 0));                                                       \
    scale[v] = LOADV(AT(S, lds, 1));                                                      \
  }                                                                                       \
  for (int i = SLICE; i < rows; i += SLICES) EACH_VECTOR {                                \
    const floatv d = LOADV_A(AT(D, ldd, i));                                              \
    beta[v] += d;                                                                         \
    gamma[v] = MULADD(d, (LOADV(AT(Z, ldz, i)) - mean[v]) * scale[v], gamma[v]);          \
  }                                                                                       \
  ALL_VECTORS {                                                                           \
    const int left = cols - j0 - v * VW;                                                  \
    beta[v] = OVER_SLICES(beta[v]);                                                       \
    gamma[v] = OVER_SLICES(gamma[v]);                                                     \
    if (SLICE > 0 || left <= 0) continue;                                                 \
    __global float *sg = AT(SG, 0, 0), *sb = AT(SB, 0, 0);                                \
    store_part(fresh ? gamma[v] : LOADV(sg) + gamma[v], left, sg);                        \
    store_part(fresh ? beta[v] : LOADV(sb) + beta[v], left, sb);                          \
  }

#ifdef KEEP_Y
#define Y_ARGS , __global C_TYPE *Y, const int ldy
#define STORE_Y(y) store_part_c(y, cols - j0 - v * VW, AT(Y, ldy, i))
#else
#define Y_ARGS
#define STORE_Y(y)
#endif

__kernel void batchnorm(const int rows, const int cols, const float share, const float bessel, const float eps,
                        __global const float *Z, const int ldz, __global const float *G,
                        __global const float *B, __global float *RM, __global float *RV,
                        __global float *S, const int lds, __global C_TYPE *O, const int ldo Y_ARGS) {
  SHARED_BY_SLICES
  const int j0 = (int)get_global_id(0) * (VW * STRIP);
  floatv mean[STRIP], scale[STRIP];
  MOMENTS(mean, scale)
  ALL_VECTORS {
    const int left = cols - j0 - v * VW;
    const floatv variance = OVER_SLICES(scale[v]) / (float)rows;
    scale[v] = 1.0f / sqrt(variance + eps);
    if (SLICE > 0 || left <= 0) continue;
    __global float *m = AT(RM, 0, 0), *s = AT(RV, 0, 0);
    store_part(mean[v], left, AT(S, lds, 0));
    store_part(scale[v], left, AT(S, lds, 1));
    store_part(LOADV(m) + share * (mean[v] - LOADV(m)), left, m);
    store_part(LOADV(s) + share * (bessel * variance - LOADV(s)), left, s);
  }
  for (int i = SLICE; i < rows; i += SLICES) EACH_VECTOR {
    const int left = cols - j0 - v * VW;
    const floatv y = MULADD(LOADV(AT(G, 0, 0)), (LOADV(AT(Z, ldz, i)) - mean[v]) * scale[v], LOADV(AT(B, 0, 0)));
    STORE_Y(y);
    store_part_c(ACT(y), left, AT(O, ldo, i));
  }
}

__kernel void batchnormrunning(const int rows, const int cols, const float eps, __global const float *Z,
                               const int ldz, __global const float *G, __global const float *B,
                               __global const float *RM, __global const float *RV, __global C_TYPE *O,
                               const int ldo Y_ARGS) {
  const int j0 = (int)get_global_id(0) * (VW * STRIP);
  EACH_VECTOR {
    const int left = cols - j0 - v * VW;
    const floatv mean = LOADV(AT(RM, 0, 0)), scale = 1.0f / sqrt(LOADV(AT(RV, 0, 0)) + eps);
    const floatv gamma = LOADV(AT(G, 0, 0)), beta = LOADV(AT(B, 0, 0));
    for (int i = SLICE; i < rows; i += SLICES) {
      const floatv y = MULADD(gamma, (LOADV(AT(Z, ldz, i)) - mean) * scale, beta);
      STORE_Y(y);
      store_part_c(ACT(y), left, AT(O, ldo, i));
    }
  }
}

__kernel void batchnormdelta(const int rows, const int cols, const int fresh, __global const A_TYPE *D, const int ldd,
                             __global const float *Z, const int ldz, __global const float *S, const int lds,
                             __global const float *G, __global float *SG, __global float *SB,
                             __global C_TYPE *C, const int ldc) {
  SHARED_BY_SLICES
  const int j0 = (int)get_global_id(0) * (VW * STRIP);
  floatv mean[STRIP], scale[STRIP], beta[STRIP], gamma[STRIP];
  SUMS(mean, scale, beta, gamma)
  ALL_VECTORS {
    beta[v] /= (float)rows;
    gamma[v] /= (float)rows;
  }
  for (int i = SLICE; i < rows; i += SLICES) EACH_VECTOR {
    const int left = cols - j0 - v * VW;
    const floatv z = (LOADV(AT(Z, ldz, i)) - mean[v]) * scale[v];
    const floatv rest = LOADV_A(AT(D, ldd, i)) - beta[v] - z * gamma[v];
    store_part_c(LOADV(AT(G, 0, 0)) * scale[v] * rest, left, AT(C, ldc, i));
  }
}
