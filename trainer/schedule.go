package trainer

import (
	"fmt"
	"math"
	"strings"
)

// Schedule says how the learning rate changes in the course of a Fit. A number that is
// 0 means the default of the schedule; one that it does not have must be 0. Below, α is
// Config.Rate, t = 0 … T−1 are the steps of the whole Fit, and e = 0 … its epochs.
type Schedule struct {
	// Name is one of Schedules; "" means ScheduleConstant.
	Name string
	// Warmup is how many epochs, whole or not, the rate takes to rise: in the w steps of
	// them it is (t+1)/w of what the schedule says.
	//
	// Source: P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1
	// hour" (2017), section 2.2.
	Warmup float64
	// Factor is γ, the share of the rate that is left: of ScheduleStep, default 0.1, of
	// ScheduleExponential, default 0.95, and of SchedulePlateau, default 0.5.
	Factor float64
	// Every is how many epochs lie between the falls of ScheduleStep; by default a third
	// of the Fit's, rounded up.
	Every int
	// Patience is how many epochs in a row SchedulePlateau bears with; default 3.
	Patience int
	// Least is the rate below which ScheduleCosine and SchedulePlateau do not go;
	// default 0.
	Least float64
	// Rise is the share of the Fit in which the rate of ScheduleOneCycle rises; default
	// 0.3.
	Rise float64
}

// The schedules.
const (
	// ScheduleConstant keeps the rate.
	ScheduleConstant = "constant"
	// ScheduleStep multiplies it by γ each time that Every epochs are over: α γ^⌊e/Every⌋.
	// It is how K. He et al., "Deep residual learning for image recognition", CVPR 2016,
	// section 3.4, trained.
	ScheduleStep = "step"
	// ScheduleExponential multiplies it by γ after every epoch: α γ^e.
	ScheduleExponential = "exponential"
	// ScheduleCosine lets it fall to Least along half a cosine, step by step:
	//
	//	α_t = Least + ½ (α − Least) (1 + cos(π t/T))
	//
	// Source: I. Loshchilov and F. Hutter, "SGDR: Stochastic gradient descent with
	// warm restarts", ICLR 2017, equation 5, without restarts.
	ScheduleCosine = "cosine"
	// ScheduleOneCycle lets it rise from α/25 to α and then fall to α/250000, each along
	// half a cosine; the rising takes Rise of all steps. The momentum stays as it is.
	//
	// Source: L. N. Smith and N. Topin, "Super-convergence: very fast training of neural
	// networks using large learning rates" (2017), in the form of fastai and PyTorch,
	// whose numbers these are.
	ScheduleOneCycle = "onecycle"
	// SchedulePlateau multiplies it by γ, though not to below Least, each time that
	// Patience epochs in a row were no better than the best so far: Stopping's Monitor
	// and MinDelta say what better is. The count begins anew after a fall.
	SchedulePlateau = "plateau"
)

// The rates at which ScheduleOneCycle begins and ends, as shares of α.
const (
	oneCycleBegin = 1.0 / 25
	oneCycleEnd   = oneCycleBegin / 1e4
)

// scheduleDefaults are the numbers that each schedule has; Every and Least, which have
// no fixed default, as whether it has them.
var scheduleDefaults = []struct {
	Schedule
	every, least bool
}{
	{Schedule{Name: ScheduleConstant}, false, false},
	{Schedule{Name: ScheduleStep, Factor: 0.1}, true, false},
	{Schedule{Name: ScheduleExponential, Factor: 0.95}, false, false},
	{Schedule{Name: ScheduleCosine}, false, true},
	{Schedule{Name: ScheduleOneCycle, Rise: 0.3}, false, false},
	{Schedule{Name: SchedulePlateau, Factor: 0.5, Patience: 3}, false, true},
}

// Schedules lists the names of all schedules.
func Schedules() []string {
	var names []string
	for _, d := range scheduleDefaults {
		names = append(names, d.Name)
	}
	return names
}

// WithDefaults returns s with its zeros filled in for a Fit of so many epochs, or an
// error that names the first number that is out of range or that the schedule does not
// have.
func (s Schedule) WithDefaults(epochs int) (Schedule, error) {
	for _, d := range scheduleDefaults {
		if d.Name != s.Name && s.Name != "" {
			continue
		}
		s.Name = d.Name // the first is constant
		if d.every {
			d.Every = (epochs + 2) / 3
		}
		for _, n := range []struct {
			name         string
			v, byDefault float64
			has          bool
			below        float64
		}{
			{"factor", s.Factor, d.Factor, d.Factor > 0, 1},
			{"number of epochs between falls", float64(s.Every), float64(d.Every), d.every, math.MaxInt32},
			{"patience", float64(s.Patience), float64(d.Patience), d.Patience > 0, math.MaxInt32},
			{"least rate", s.Least, 0, d.least, math.MaxFloat32},
			{"rise", s.Rise, d.Rise, d.Rise > 0, 1},
			{"warm-up", s.Warmup, 0, true, math.MaxInt32},
		} {
			switch {
			case n.v == 0:
			case !n.has:
				return s, fmt.Errorf("schedule %s has no %s, which is %v", s.Name, n.name, n.v)
			case !(n.v > 0 && n.v < n.below): // so that NaN fails
				return s, fmt.Errorf("%s of schedule %s is %v: need a number above 0 and below %v", n.name, s.Name, n.v, n.below)
			}
		}
		s.Factor, s.Rise = orElse(s.Factor, d.Factor), orElse(s.Rise, d.Rise)
		s.Every, s.Patience = orElse(s.Every, d.Every), orElse(s.Patience, d.Patience)
		return s, nil
	}
	return s, fmt.Errorf("unknown schedule %q: have %s", s.Name, strings.Join(Schedules(), ", "))
}

func orElse[T int | float64](v, byDefault T) T {
	if v == 0 {
		return byDefault
	}
	return v
}

// moment is where in a Fit a step is.
type moment struct {
	step, steps int // t and T
	epochSteps  int // of one epoch
	falls       int // of SchedulePlateau so far, see falls
}

// rate is the learning rate of a step, for the rate α that Config has. s has its
// defaults.
func (s Schedule) rate(alpha float64, at moment) float64 {
	rate, t, epoch := alpha, float64(at.step), at.step/at.epochSteps
	switch s.Name {
	case ScheduleStep:
		rate *= math.Pow(s.Factor, float64(epoch/s.Every))
	case ScheduleExponential:
		rate *= math.Pow(s.Factor, float64(epoch))
	case ScheduleCosine:
		rate = along(alpha, min(s.Least, alpha), t/float64(at.steps))
	case ScheduleOneCycle:
		rate = s.oneCycle(alpha, t, float64(at.steps))
	case SchedulePlateau:
		rate = max(rate*math.Pow(s.Factor, float64(at.falls)), min(s.Least, alpha))
	}
	if w := s.Warmup * float64(at.epochSteps); t+1 < w {
		rate *= (t + 1) / w
	}
	return rate
}

// oneCycle is α_t of ScheduleOneCycle: it is α at step Rise·T − 1 and least at T − 1.
func (s Schedule) oneCycle(alpha, t, T float64) float64 {
	peak, end := s.Rise*T-1, T-1
	switch {
	case t <= peak && peak > 0:
		return along(alpha*oneCycleBegin, alpha, t/peak)
	case end <= max(peak, 0): // a step or two in all
		return alpha
	}
	return along(alpha, alpha*oneCycleEnd, (t-peak)/(end-peak))
}

// along is the point x, 0 ≤ x ≤ 1, of the half cosine from a to b.
func along(a, b, x float64) float64 { return b + (a-b)/2*(1+math.Cos(math.Pi*x)) }

// falls counts how often SchedulePlateau multiplies the rate after these epochs. It
// depends on nothing else, so that a Fit that goes on needs no other state than its
// history.
func (s Schedule) falls(epochs []Epoch, m Monitor, delta float64) int {
	if s.Name != SchedulePlateau {
		return 0
	}
	best, since, falls := -1, 0, 0
	for i, e := range epochs {
		if best < 0 || m.better(m.Of(e), m.Of(epochs[best]), delta) {
			best, since = i, 0
			continue
		}
		if since++; since == s.Patience {
			since, falls = 0, falls+1
		}
	}
	return falls
}
