package trainer

import (
	"math"
	"slices"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// cost: each of K terms of a row is off by at most 14u of itself and of 1, their sum by
// K u and that of n rows by n u more; the running sum, which is compensated, by 4u.
func (v *verifier) cost(o device.Cost) error {
	m, err := v.matrices(o.Z, o.Y)
	if err != nil {
		return err
	}
	z, y, weight := m[0], m[1], wideMatrix{}
	heaviest := 1.0
	if o.Weight != nil {
		if weight, err = v.matrix(o.Weight); err != nil {
			return err
		}
		heaviest = slices.Max(weight.Data)
	}
	sums, err := v.eng.ReadTally(v.to.tally)
	if err != nil {
		return err
	}
	var loss float64
	var correct int
	if o.Weight == nil {
		loss, correct = cpuref.Cost(o.Loss, z, y)
	} else {
		loss, correct = cpuref.WeightedCost(o.Loss, z, y, weight)
	}
	size := float64(len(z.Data))
	for i, x := range z.Data {
		size += (math.Abs(x) + math.Abs(y.Data[i])) * (1 + math.Abs(x) + math.Abs(y.Data[i]))
	}
	limit := float64(14+3*z.Cols+z.Rows)*unit*size*heaviest + 4*unit*math.Abs(sums.Loss)
	for _, c := range []struct {
		what             string
		got, want, limit float64
	}{
		{"the loss of the batch", sums.Loss - v.sums.Loss, loss, limit},
		{"the number of examples", float64(sums.Count - v.sums.Count), float64(z.Rows), 0},
		{"the number of right answers", float64(sums.Correct - v.sums.Correct), float64(correct), 0},
	} {
		if !agrees(c.got, c.want, c.limit) {
			return v.off("cost", c.what, c.got, c.want, c.limit)
		}
	}
	return nil
}
