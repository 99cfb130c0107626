package trainer

import (
	"fmt"
	"math"
)

// Schedule says how the learning rate changes in the course of a Fit.
type Schedule string

// The schedules.
const (
	// ScheduleConstant keeps the rate.
	ScheduleConstant Schedule = "constant"
	// ScheduleCosine lets it fall to 0 along half a cosine, step by step:
	//
	//	α_t = ½ α (1 + cos(π t/T))      t = 0 … T−1, the steps of the whole Fit
	//
	// Source: I. Loshchilov and F. Hutter, "SGDR: Stochastic gradient descent with
	// warm restarts", ICLR 2017, equation 5, without restarts and with η_min = 0.
	ScheduleCosine Schedule = "cosine"
)

// Check returns an error that lists the known names when s is not one of them.
func (s Schedule) Check() error {
	switch s {
	case ScheduleConstant, ScheduleCosine:
		return nil
	}
	return fmt.Errorf("unknown schedule %q: have %s, %s", string(s), ScheduleConstant, ScheduleCosine)
}

// rate is the learning rate of step t of T, counted from 0, for the rate α that
// the schedule begins with.
func (s Schedule) rate(alpha float64, t, T int) float64 {
	if s == ScheduleCosine {
		return alpha / 2 * (1 + math.Cos(math.Pi*float64(t)/float64(T)))
	}
	return alpha
}
