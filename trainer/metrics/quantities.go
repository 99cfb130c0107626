package metrics

import "math"

// Quantity is how near an output is to its label.
type Quantity struct {
	MSE  float64 `json:"mse"`
	RMSE float64 `json:"rmse"`
	MAE  float64 `json:"mae"`
	// R2 is R². Where all labels are the same it is 1 if all outputs are right and 0 if
	// not, as scikit-learn has it.
	R2 float64 `json:"r2"`
}

// Quantities returns how near each output is to its labels, and the mean over the
// outputs, in which RMSE is the root of the mean MSE. h and y are rows × outputs,
// row-major.
func Quantities(h, y []float64, outputs int) (each []Quantity, mean Quantity) {
	rows := len(y) / outputs
	for k := range outputs {
		var average, squares, absolute, spread float64
		for i := k; i < len(y); i += outputs {
			average += y[i] / float64(rows)
		}
		for i := k; i < len(y); i += outputs {
			r, d := h[i]-y[i], y[i]-average
			squares += r * r
			absolute += math.Abs(r)
			spread += d * d
		}
		q := Quantity{MSE: squares / float64(rows), MAE: absolute / float64(rows), R2: 1 - squares/spread}
		if constant(y, k, outputs) {
			q.R2 = 0
			if squares == 0 {
				q.R2 = 1
			}
		}
		q.RMSE = math.Sqrt(q.MSE)
		each = append(each, q)
		mean.MSE += q.MSE / float64(outputs)
		mean.MAE += q.MAE / float64(outputs)
		mean.R2 += q.R2 / float64(outputs)
	}
	mean.RMSE = math.Sqrt(mean.MSE)
	return each, mean
}

// constant reports whether column k is the same in all rows: its mean may be rounded,
// and then the spread is not 0.
func constant(y []float64, k, outputs int) bool {
	for i := k; i < len(y); i += outputs {
		if y[i] != y[k] {
			return false
		}
	}
	return true
}
