package cpuref

// NormEps is ε of batch and layer normalisation, BatchNormMomentum the share of a batch in
// the running mean and variance: PyTorch's defaults.
const (
	NormEps           = 1e-5
	BatchNormMomentum = 0.1
)

// Norm is what the normalisation of a layer of s units holds, s numbers each: γ and β,
// which are trained, and, of batch normalisation only, the running mean and variance.
// Sums of gradients have its type too.
type Norm[T Float] struct{ Gamma, Beta, Mean, Variance []T }

// is reports whether γ and β are those of s units.
func (n Norm[T]) is(s int) bool { return len(n.Gamma) == s && len(n.Beta) == s }

// strip is how many columns are summed at a time: as many as stay in the cache, and need
// no memory but the stack's.
const strip = 64
