package cpuref

import "math"

// Cost returns the sum over the rows of a batch of the loss, and how many rows
// are classified right. It starts from z = z(L), not from h = g(z), so that it
// is finite for every finite z:
//
//	sigmoid   Σ_k max(z_k, 0) − z_k y_k + log(1 + e^−|z_k|)
//	softmax   Σ_k y_k (log Σ_j e^z_j − z_k)
//
// which are the cross-entropies at Loss with h written out. A row is right when
// z is largest where y is, the first of equals; with one output unit, when z > 0
// (h > ½) just where y > ½. z and y are b × K. Sums are float64 in either type.
// It panics on an unknown loss.
func Cost[T Float](loss Loss, z, y Matrix[T]) (lossSum float64, correct int) {
	if !z.is(y.Rows, y.Cols) || !y.is(y.Rows, y.Cols) {
		panic(unfit("Cost", "z y", z, y))
	}
	if err := loss.Check(); err != nil {
		panic("cpuref.Cost: " + err.Error())
	}
	if z.Cols == 0 {
		return 0, 0
	}
	for i := range z.Rows {
		if loss == SoftmaxCrossEntropy {
			lossSum += softmaxCrossEntropy(z.Row(i), y.Row(i))
		} else {
			lossSum += sigmoidCrossEntropy(z.Row(i), y.Row(i))
		}
		if right(z.Row(i), y.Row(i)) {
			correct++
		}
	}
	return lossSum, correct
}

// sigmoidCrossEntropy uses −log h = log(1 + e^−z) and 1 − h = h e^−z, and takes
// the exponential of −|z| only, which cannot overflow.
func sigmoidCrossEntropy[T Float](z, y []T) float64 {
	sum := 0.0
	for k := range z {
		z, y := float64(z[k]), float64(y[k])
		sum += max(z, 0) - z*y + math.Log1p(math.Exp(-math.Abs(z)))
	}
	return sum
}

// softmaxCrossEntropy uses log Σ_j e^z_j = c + log(1 + Σ_{j≠top} e^(z_j−c)) with
// c = z_top the largest z.
func softmaxCrossEntropy[T Float](z, y []T) float64 {
	top := largest(z)
	c, rest := float64(z[top]), 0.0
	for j := range z {
		if j != top {
			rest += math.Exp(float64(z[j]) - c)
		}
	}
	logRest, sum := math.Log1p(rest), 0.0
	for k := range z {
		sum += float64(y[k]) * (logRest + (c - float64(z[k])))
	}
	return sum
}

func right[T Float](z, y []T) bool {
	if len(z) == 1 {
		return (z[0] > 0) == (y[0] > 0.5)
	}
	return largest(z) == largest(y)
}

// largest returns where v is largest, the first of equals.
func largest[T Float](v []T) int {
	top := 0
	for k := range v {
		if v[k] > v[top] {
			top = k
		}
	}
	return top
}
