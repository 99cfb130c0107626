// activation.cl: g and g′, element by element. Not a kernel: it is put before
// the kernels that apply an activation.
//
//   ACT(z)        a = g(z)
//   ACT_PRIME(a)  g′(z), written from the saved activation a, so that z need not
//                 be kept (Rumelhart, Hinton & Williams 1986 use the same form); for
//                 GELU, SiLU and the hard swish a is z itself
//
// The formulas, and the papers they are from, are those of cpuref/activation.go.
//
// real is the type that the kernel works in: floatv or float. The host sets one
// of ACT_LINEAR, ACT_SIGMOID, ACT_TANH, ACT_RELU, ACT_LEAKY_RELU, ACT_ELU,
// ACT_SELU, ACT_SOFTPLUS, ACT_GELU, ACT_SILU, ACT_HARD_SIGMOID, ACT_HARD_SWISH.
//
// exp of a large negative z gives 0, of a large positive z gives inf, and 1/inf
// is 0: the sigmoid needs no case for either. NaN stays NaN in all of them. Vectors
// compute both sides of a ?:, and e^z − 1 of a large z is an inf not taken.

#if defined(ACT_SIGMOID)
#define ACT(z) (1.0f / (1.0f + exp(-(z))))
#define ACT_PRIME(a) ((a) * (1.0f - (a)))
#elif defined(ACT_TANH)
#define ACT(z) tanh(z)
#define ACT_PRIME(a) (1.0f - (a) * (a))
#elif defined(ACT_RELU)
// max would drop a NaN; a comparison that is false for NaN keeps it.
#define ACT(z) (((z) < 0.0f) ? (real)0.0f : (z))
#define ACT_PRIME(a) (((a) <= 0.0f) ? (real)0.0f : (real)1.0f)
#elif defined(ACT_LEAKY_RELU)
#define ACT(z) (((z) < 0.0f) ? 0.01f * (z) : (z))
#define ACT_PRIME(a) (((a) <= 0.0f) ? (real)0.01f : (real)1.0f)
#elif defined(ACT_ELU)
#define ACT(z) (((z) < 0.0f) ? expm1(z) : (z))
#define ACT_PRIME(a) (((a) <= 0.0f) ? 1.0f + (a) : (real)1.0f)
#elif defined(ACT_SELU)
#define SELU_SCALE 1.0507009873554805f  // λ
#define SELU_DEPTH 1.7580993408473766f  // λα
#define ACT(z) (((z) < 0.0f) ? SELU_DEPTH * expm1(z) : SELU_SCALE * (z))
#define ACT_PRIME(a) (((a) <= 0.0f) ? SELU_DEPTH + (a) : (real)SELU_SCALE)
#elif defined(ACT_SOFTPLUS)
#define ACT(z) ((((z) < 0.0f) ? (real)0.0f : (z)) + log1p(exp(-fabs(z))))
#define ACT_PRIME(a) (-expm1(-(a)))
#elif defined(ACT_GELU)
#define ROOT_HALF 0.70710678118654752f          // 1/√2
#define ROOT_TWO_PI_INVERSE 0.39894228040143268f  // 1/√2π
#define ACT(z) (0.5f * (z) * erfc(-ROOT_HALF * (z)))
#define ACT_PRIME(z) (0.5f * erfc(-ROOT_HALF * (z)) + ROOT_TWO_PI_INVERSE * (z) * exp(-0.5f * (z) * (z)))
#elif defined(ACT_SILU)
#define ACT(z) ((z) / (1.0f + exp(-(z))))
// 1/(1+e^z) is 1 − 1/(1+e^−z) with all its digits.
#define ACT_PRIME(z) ((1.0f + (z) / (1.0f + exp(z))) / (1.0f + exp(-(z))))
#elif defined(ACT_HARD_SIGMOID)
// Comparisons that are false for NaN keep it.
#define ACT(z) (((z) <= -3.0f) ? (real)0.0f : ((z) >= 3.0f) ? (real)1.0f : (z) / 6.0f + 0.5f)
#define ACT_PRIME(a) (((a) <= 0.0f || (a) >= 1.0f) ? (real)0.0f : (real)(1.0f / 6.0f))
#elif defined(ACT_HARD_SWISH)
#define ACT(z) (((z) <= -3.0f) ? (real)0.0f : ((z) >= 3.0f) ? (z) : (z) * ((z) / 6.0f + 0.5f))
#define ACT_PRIME(z) (((z) <= -3.0f) ? (real)0.0f : ((z) >= 3.0f) ? (real)1.0f : (2.0f * (z) + 3.0f) / 6.0f)
#else
#define ACT(z) (z)
#define ACT_PRIME(a) ((real)1.0f)
#endif

// softmax_row is a_k = e^(z_k − max z) / Σ_j e^(z_j − max z) for one row; the maximum is
// taken off so that no exponential overflows.
inline void softmax_row(const int cols, __global const float *Z, __global float *A) {
  floatv sum[ROW_PARTS];
  float top = Z[0], lane[VW];
  floatv tops = (floatv)top;
  for (int j = 0; j + VW <= cols; j += VW) tops = fmax(tops, LOADV(Z + j));
  KEEPV(tops, lane);
  for (int j = 0; j < VW; j++) top = fmax(top, lane[j]);
  for (int j = cols / VW * VW; j < cols; j++) top = fmax(top, Z[j]);
  for (int p = 0; p < ROW_PARTS; p++) sum[p] = 0.0f;
  for (int j = 0; j < cols; j += ROW_LANES) {
    for (int p = 0; p < ROW_PARTS; p++) {
      const int left = cols - (j + p * VW);
      const floatv e = exp(LOADV(Z + j + p * VW) - top);
      store_part(e, left, A + j + p * VW);
      sum[p] += first_lanes(e, left);
    }
  }
  const float all = add_lanes(sum);
  for (int j = 0; j < cols; j += VW) store_part(LOADV(A + j) / all, cols - j, A + j);
}
