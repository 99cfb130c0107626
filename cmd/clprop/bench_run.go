package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

const (
	// benchBatches is how many batches the examples make.
	benchBatches = 4
	// benchSeed makes the weights, the examples and their order.
	benchSeed = 1
	// benchRate is α: small enough that random labels do not make a net diverge.
	benchRate = 0.01
	// agreementSteps is after how many steps weights are compared.
	agreementSteps = 3
	// patience is how many times the budget one step may take.
	patience = 5
	// ahead is the longest that steps are queued without waiting, as in Fit.
	ahead = 200 * time.Millisecond
)

// bench measures.
type bench struct {
	env    *env
	open   func(spec string, options device.Options) (device.Engine, error) // device.OpenWith, but for tests
	repeat int
	budget time.Duration // of the timed runs of one case on one device

	kernels bool                     // profile them too
	peaks   map[string]*device.Peaks // by spec, of those measured; nil for none
}

func newBench(e *env, repeat int, budget time.Duration) *bench {
	return &bench{env: e, open: device.OpenWith, repeat: repeat, budget: budget}
}

// errTooSlow: a device would take too long for one step.
var errTooSlow = errors.New("too slow")

// The statuses of a benchResult.
const (
	measured = "measured"
	skipped  = "skipped"
	failed   = "failed"
)

// benchResult is one case on one device. Times are in nanoseconds.
type benchResult struct {
	Net        string     `json:"net"`
	Batch      int        `json:"batch"`
	Activation string     `json:"activation"`
	Output     string     `json:"output"`
	Device     deviceJSON `json:"device"`
	Status     string     `json:"status"` // "measured", "skipped" or "failed"
	Why        string     `json:"why"`    // not measured; "" if it was

	Cold        benchCold   `json:"cold"`
	StepsPerRun int         `json:"steps_per_run"`
	Runs        []int64     `json:"run_ns"` // one for each timed run, in order
	Samples     benchSpread `json:"samples_per_second"`
	FLOPs       float64     `json:"flops_per_step"`
	GFLOPS      float64     `json:"gflops"`
	Launches    int         `json:"launches_per_step"`
	// Peaks are null where there are none, as on the CPU reference.
	Peaks   *peaksJSON   `json:"peaks"`
	OfPeak  *float64     `json:"of_peak"` // of the runs, by the peaks before and after each: the median
	Kernels []kernelJSON `json:"kernels"` // null without --kernels

	Difference *float64 `json:"difference"` // null if there is nothing to compare with
	Ratio      *float64 `json:"ratio"`      // to the CPU reference; null if refused
	Refused    string   `json:"ratio_refused"`
	// ToFirst is the speed by that of the first device, run by run, the median: they are
	// measured in turn. It is null for the first itself, and where one was not measured.
	ToFirst *float64 `json:"ratio_to_first"`

	err     error           // behind failed
	weights []trainer.Layer // after agreementSteps
	grew    device.Counters // from before the first timed run to after the last
	turns   *turns
}

// benchCold is the way to the end of the first step.
type benchCold struct {
	Open  int64 `json:"open_ns"`
	Build int64 `json:"build_ns"` // kernels, as far as a small net needs them
	First int64 `json:"first_step_ns"`
}

// benchSpread is of the runs.
type benchSpread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// run measures every case on the CPU reference, and then on each device, in turn. The error is
// that of ctx; what went wrong on a device is in its result.
func (b *bench) run(ctx context.Context, cases []benchCase, specs []string) ([]benchResult, error) {
	var results []benchResult
	for _, c := range cases {
		reference := b.measure(ctx, c, []string{"cpuref"})[0]
		if reference.Status == measured {
			one, none := 1.0, 0.0
			reference.Ratio, reference.Difference = &one, &none
		} else {
			reference.Refused = "not measured"
		}
		results = append(results, reference)
		for i, r := range b.measure(ctx, c, specs) {
			r.compare(c, reference)
			if r.weights = nil; i > 0 { // they may be large
				r.compareFirst(results[len(results)-i])
			}
			results = append(results, r)
		}
		results[len(results)-1-len(specs)].weights = nil
		if ctx.Err() != nil {
			return results, fmt.Errorf("bench: %w", context.Cause(ctx))
		}
	}
	return results, nil
}

// queue does n pieces of work, of so long each, waits at the end, and on the way about as often as Fit does.
func queue(ctx context.Context, work func(n int) (time.Duration, error), n int, each time.Duration) (time.Duration, error) {
	chunk := int(max(ahead/max(each, 1), 1))
	var total time.Duration
	for n > 0 {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		took, err := work(min(n, chunk))
		if err != nil {
			return 0, err
		}
		total += took
		n -= chunk
	}
	return total, nil
}

// timed runs n steps and waits for them.
func timed(step *trainer.Stepper, n int) (time.Duration, error) {
	began := time.Now()
	if err := step.Run(n); err != nil {
		return 0, err
	}
	err := step.Sync()
	return time.Since(began), err
}

// summarise computes the rates from the runs.
func (r *benchResult) summarise() {
	var runs []float64
	for _, ns := range r.Runs {
		runs = append(runs, float64(ns))
	}
	perSecond := func(ns float64) float64 {
		return float64(r.StepsPerRun) * float64(r.Batch) / (max(ns, 1) / 1e9)
	}
	r.Samples = benchSpread{Median: perSecond(median(runs)), Min: perSecond(slices.Max(runs)), Max: perSecond(slices.Min(runs))}
	r.GFLOPS = r.Samples.Median / float64(r.Batch) * r.FLOPs / 1e9
}

// stepper makes the net and the examples of a case, the same each time, and
// prepares the steps on eng.
func (c benchCase) stepper(eng device.Engine) (*trainer.Network, *trainer.Stepper, error) {
	net, err := c.network()
	if err != nil {
		return nil, nil, err
	}
	set := c.examples()
	step, err := trainer.NewStepper(net, eng, set, benchConfig(c.batch))
	if outOfMemory(err) {
		err = c.tooLarge(net, eng, set, err)
	}
	return net, step, err
}

func benchConfig(batch int) trainer.Config {
	return trainer.Config{BatchSize: batch, Rate: benchRate, Seed: benchSeed, Resident: trainer.ResidentYes}
}

// tooLarge says what batch fits where that of c does not, since NewStepper does not know that fewer
// examples come with a smaller one. err is what it said, and stays where c fits by what is known.
func (c benchCase) tooLarge(net *trainer.Network, eng device.Engine, set *data.Set, err error) error {
	fits := func(batch int) bool {
		part, rows := *set, benchBatches*batch
		part.X, part.Y, part.Rows = set.X[:rows*set.Features], set.Y[:rows*set.Outputs], rows
		ok, err := trainer.Fits(net, eng, &part, nil, benchConfig(batch))
		return ok && err == nil
	}
	if fits(c.batch) {
		return err
	}
	advice := "no batch fits: make the layers smaller, or join several devices, such as 0+1"
	if most := sort.Search(c.batch-1, func(i int) bool { return !fits(i + 1) }); most > 0 {
		advice = fmt.Sprintf("a batch of %d fits", most)
	}
	what := fmt.Sprintf("network %v with batch %d, and %d batches of examples", net, c.batch, benchBatches)
	if full := (*device.MemoryError)(nil); errors.As(err, &full) {
		return fmt.Errorf("%s: %w: %s: %w", what, trainer.ErrMemory, advice, full)
	}
	info := eng.Info()
	return fmt.Errorf("%s: %w: needs more than the %s of %s: %s", what, trainer.ErrMemory, device.FormatBytes(info.TotalMemory), info.Name, advice)
}

func (c benchCase) workload() device.Workload { return device.Workload{Sizes: c.sizes, Batch: c.batch} }

func (c benchCase) network() (*trainer.Network, error) {
	return trainer.NewNetwork(trainer.NetworkConfig{Sizes: c.sizes, Hidden: c.hidden, Loss: c.loss, Seed: benchSeed})
}

// examples are inputs even in [−1, 1), and classes by chance.
func (c benchCase) examples() *data.Set {
	rows, features, outputs := benchBatches*c.batch, c.sizes[0], c.sizes[len(c.sizes)-1]
	set := &data.Set{
		X: make([]float32, rows*features), Y: make([]float32, rows*outputs),
		Rows: rows, Features: features, Outputs: outputs,
	}
	const inputs, classes = 0, 1 // two streams of random numbers
	random := cpuref.NewStream(benchSeed, inputs, 0)
	for i := range set.X {
		set.X[i] = float32(2*random.Float64(uint64(i)) - 1)
	}
	random = cpuref.NewStream(benchSeed, classes, 0)
	for i := range rows {
		class := int(random.Float64(uint64(i)) * float64(max(outputs, 2)))
		if class < outputs {
			set.Y[i*outputs+class] = 1
		}
	}
	return set
}

func (c benchCase) String() string { return (&trainer.Network{Sizes: c.sizes}).String() }
