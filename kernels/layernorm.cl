// layernorm.cl: layer normalisation of an example's cols units.
//
//   layernorm       μ = Σ z/cols, σ² = Σ (z−μ)²/cols, r = 1/√(σ²+ε), y = γ (z−μ) r + β,
//                   O = g(y)
//   layernormsums   ẑ = (z−μ) r, SB += Σ δ, SG += Σ δ ẑ over the rows, with fresh ≠ 0 = for +=
//   layernormdelta  C = r (δγ − Σ δγ/cols − ẑ Σ δγẑ/cols)
//
//   Z, O, Y, D, C  (i, j) at [i·ld + j]: z, g(y), y, δ before and after; O may be Z, C may
//                  be D. Y is there with KEEP_Y only. D is halves with A_HALF, O, Y and C
//                  are with C_HALF (common.cl)
//   S              (i, 0) is μ of row i, (i, 1) r, at [i·lds + …]; not written with
//                  FORGET
//   G, B           γ and β: unit j at [j];  SG, SB  Δγ and Δβ, likewise
//
// cpuref/layernorm.go has the sources. The mean is taken off before squares are summed.
// Lanes of a vector are added in their order, and so are the work-items of a row.
//
// Launch: layernorm and layernormdelta: CPUs: global (1, ≥ rows), a work-item a row, any
// local size; GPUs: global (LANES, rows), local (LANES, 1). layernormsums: see strip.cl.
// Tunables: LANES, the work-items of a row; STRIP and SLICES of layernormsums.

typedef floatv real;

#ifdef KEEP_Y
#define Y_ARGS , __global C_TYPE *Y, const int ldy
#define STORE_Y(y) store_part_c(y, cols - j, Y + (size_t)i * ldy + j)
#else
#define Y_ARGS
#define STORE_Y(y)
#endif

#if LANES == 1
#define LANE 0
#define SHARED_BY_LANES
#define OVER_LANES(v) lanes(v)
#define BEYOND_ROWS if (i >= rows) return;
#else
#define LANE ((int)get_local_id(0))
#define SHARED_BY_LANES __local float parts[LANES];
#define OVER_LANES(v) over_lanes(lanes(v), parts)
#define BEYOND_ROWS  // there are none, and no barrier may come after a return
inline float over_lanes(const float part, __local float *parts) {
  barrier(CLK_LOCAL_MEM_FENCE);  // the sum before has been read
  parts[LANE] = part;
  barrier(CLK_LOCAL_MEM_FENCE);
  float sum = 0.0f;
  for (int l = 0; l < LANES; l++) sum += parts[l];
  return sum;
}
#endif
#define EACH_PART for (int j = LANE * VW; j < cols; j += LANES * VW)

__kernel void layernorm(const int rows, const int cols, const float eps, __global const float *Z, const int ldz,
                        __global const float *G, __global const float *B,
#ifndef FORGET
                        __global float *S, const int lds,
#endif
                        __global C_TYPE *O, const int ldo Y_ARGS) {
  SHARED_BY_LANES
  const int i = get_global_id(1);
  BEYOND_ROWS
  Z += (size_t)i * ldz;
  floatv sum = 0.0f, squares = 0.0f;
  EACH_PART sum += first_lanes(LOADV(Z + j), cols - j);
  const float mean = OVER_LANES(sum) / (float)cols;
  EACH_PART {
    const floatv d = first_lanes(LOADV(Z + j) - mean, cols - j);
    squares = MULADD(d, d, squares);
  }
  const float scale = 1.0f / sqrt(OVER_LANES(squares) / (float)cols + eps);
#ifndef FORGET
  if (LANE == 0) {
    S[(size_t)i * lds] = mean;
    S[(size_t)i * lds + 1] = scale;
  }
#endif
  EACH_PART {
    const floatv y = MULADD(LOADV(G + j), (LOADV(Z + j) - mean) * scale, LOADV(B + j));
    STORE_Y(y);
    store_part_c(ACT(y), cols - j, O + (size_t)i * ldo + j);
  }
}

__kernel void layernormdelta(const int rows, const int cols, __global const A_TYPE *D, const int ldd,
                             __global const float *Z, const int ldz, __global const float *S, const int lds,
                             __global const float *G, __global C_TYPE *C, const int ldc) {
  SHARED_BY_LANES
  const int i = get_global_id(1);
  BEYOND_ROWS
  Z += (size_t)i * ldz;
  D += (size_t)i * ldd;
  const float mean = S[(size_t)i * lds], scale = S[(size_t)i * lds + 1];
  floatv sum = 0.0f, along = 0.0f;
  EACH_PART {
    const floatv g = first_lanes(LOADV_A(D + j) * LOADV(G + j), cols - j);
    sum += g;
    along += first_lanes(g * ((LOADV(Z + j) - mean) * scale), cols - j);
  }
  const float ofSum = OVER_LANES(sum) / (float)cols, ofAlong = OVER_LANES(along) / (float)cols;
  EACH_PART {
    const floatv g = LOADV_A(D + j) * LOADV(G + j), z = (LOADV(Z + j) - mean) * scale;
    store_part_c(scale * (g - ofSum - z * ofAlong), cols - j, C + (size_t)i * ldc + j);
  }
}

__kernel void layernormsums(const int rows, const int cols, const int fresh, __global const A_TYPE *D, const int ldd,
                            __global const float *Z, const int ldz, __global const float *S, const int lds,
                            __global float *SG, __global float *SB) {
  SHARED_BY_SLICES
  const int j0 = (int)get_global_id(0) * (VW * STRIP);
  floatv beta[STRIP], gamma[STRIP];
  for (int v = 0; v < STRIP; v++) beta[v] = gamma[v] = 0.0f;
  for (int i = SLICE; i < rows; i += SLICES) {
    const float mean = S[(size_t)i * lds], scale = S[(size_t)i * lds + 1];
    for (int v = 0; v < STRIP; v++) {
      if (j0 + v * VW >= cols) continue;
      const floatv d = LOADV_A(D + (size_t)i * ldd + j0 + v * VW);
      beta[v] += d;
      gamma[v] = MULADD(d, (LOADV(Z + (size_t)i * ldz + j0 + v * VW) - mean) * scale, gamma[v]);
    }
  }
  for (int v = 0; v < STRIP; v++) {
    const int j = j0 + v * VW;
    beta[v] = OVER_SLICES(beta[v]);
    gamma[v] = OVER_SLICES(gamma[v]);
    if (SLICE > 0 || j >= cols) continue;
    store_part(fresh ? gamma[v] : LOADV(SG + j) + gamma[v], cols - j, SG + j);
    store_part(fresh ? beta[v] : LOADV(SB + j) + beta[v], cols - j, SB + j);
  }
}
