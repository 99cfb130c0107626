package cpuref

import "math"

// Cost returns the sum over the rows of a batch of the loss, and how many rows
// are classified right. It starts from z = z(L), not from h = g(z), so that it
// is finite for every finite z:
//
//	sigmoid   Σ_k max(z_k, 0) − z_k y_k + log(1 + e^−|z_k|)
//	softmax   Σ_k y_k (log Σ_j e^z_j − z_k)
//
// which are the cross-entropies at Loss with h written out, the first also that of
// several labels; the others are as they are written there, h being z. A row is right
// when z is largest where y is, the first of equals; with one output unit, and of several
// labels for each unit, when z > 0 (h > ½) just where y > ½. None is where the outputs are
// quantities. z and y are b × K. Sums are float64 in either type. It panics on an unknown
// loss.
func Cost[T Float](loss Loss, z, y Matrix[T]) (lossSum float64, correct int) {
	checkCost(loss, z, y)
	for i := range z.Rows {
		lossSum += rowLoss(loss, z.Row(i), y.Row(i))
		if right(loss, z.Row(i), y.Row(i)) {
			correct++
		}
	}
	return lossSum, correct
}

// WeightedCost is Cost with the loss of row i times weight i; weight is b × 1. What
// is right is counted as 1, whatever its weight.
func WeightedCost[T Float](loss Loss, z, y, weight Matrix[T]) (lossSum float64, correct int) {
	checkCost(loss, z, y)
	if !weight.is(z.Rows, 1) {
		panic(unfit("WeightedCost", "z weight", z, weight))
	}
	for i, w := range weight.Data {
		lossSum += float64(w) * rowLoss(loss, z.Row(i), y.Row(i))
		if right(loss, z.Row(i), y.Row(i)) {
			correct++
		}
	}
	return lossSum, correct
}

func checkCost[T Float](loss Loss, z, y Matrix[T]) {
	if !z.is(y.Rows, y.Cols) || !y.is(y.Rows, y.Cols) {
		panic(unfit("Cost", "z y", z, y))
	}
	if err := loss.Check(); err != nil {
		panic("cpuref.Cost: " + err.Error())
	}
}

// rowLoss is the loss of one example.
func rowLoss[T Float](loss Loss, z, y []T) float64 {
	if len(z) == 0 {
		return 0
	}
	switch loss.Kind() {
	case SoftmaxCrossEntropy:
		return softmaxCrossEntropy(z, y)
	case SigmoidCrossEntropy, MultiLabelCrossEntropy:
		return sigmoidCrossEntropy(z, y)
	}
	sum, delta := 0.0, loss.HuberDelta()
	for k := range z {
		z, y := float64(z[k]), float64(y[k])
		r := math.Abs(z - y)
		switch {
		case loss == Hinge:
			sum += max(0, 1-(2*y-1)*z)
		case loss == MeanSquaredError:
			sum += r * r
		case loss == MeanAbsoluteError:
			sum += r
		case r > delta:
			sum += delta * (r - delta/2)
		default:
			sum += r * r / 2
		}
	}
	if loss != Hinge {
		sum /= float64(len(z))
	}
	return sum
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

func right[T Float](loss Loss, z, y []T) bool {
	if loss.Regression() || len(z) == 0 {
		return false
	}
	if len(z) > 1 && !loss.MultiLabel() {
		return largest(z) == largest(y)
	}
	for k := range z {
		if (z[k] > 0) != (y[k] > 0.5) {
			return false
		}
	}
	return true
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
