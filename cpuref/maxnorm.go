package cpuref

import "math"

// MaxNorm scales the weights into each unit of one layer so that their norm is at most
// limit:
//
//	w_i := w_i · min(1, limit/‖w_i‖),   ‖w_i‖ = √(Σ_{j≠0} Θ_ij²)
//
// The bias is not counted and stays, and so does a row whose norm is not a number. The
// sum is float64 in either type.
//
// Source: N. Srebro and A. Shraibman, "Rank, trace-norm and max-norm", COLT (2005); for
// neural networks N. Srivastava et al., "Dropout: a simple way to prevent neural networks
// from overfitting", JMLR 15 (2014), section 5.1.
func MaxNorm[T Float](theta Layer[T], limit float64) {
	for o := range theta.W.Rows {
		row, sum := theta.W.Row(o), 0.0
		for _, w := range row {
			sum += float64(w) * float64(w)
		}
		scale := limit / math.Sqrt(sum)
		if !(scale < 1) {
			continue
		}
		for i, w := range row {
			row[i] = T(scale * float64(w))
		}
	}
}
