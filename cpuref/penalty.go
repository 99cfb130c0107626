package cpuref

// Penalty returns one layer's part of the sum that the cost takes λ/(2m) times:
//
//	Σ_{j≠0} Θ_ij²
//
// over the weights, never the bias. The sum is float64 in either type.
func Penalty[T Float](theta Layer[T]) float64 {
	sum := 0.0
	for _, w := range theta.W.Data {
		sum += float64(w) * float64(w)
	}
	return sum
}
