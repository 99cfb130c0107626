package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/spf13/cobra"
)

// gemmSize is a product: m × k by k × n.
type gemmSize struct{ m, n, k int }

// gemmLayouts are the three products of a training step, C m × n of m·n·k
// multiply-adds each:
//
//	forward     C = A Bᵀ    A m × k, B n × k, and a bias
//	delta       C = A B     A m × k, B k × n
//	accumulate  C = Aᵀ B    A k × m, B k × n, and the column sums of A
var gemmLayouts = []string{"forward", "delta", "accumulate"}

// gemmJSON is what bench --gemm prints as JSON.
type gemmJSON struct {
	Schema  int          `json:"schema"`
	Version string       `json:"version"`
	Seconds float64      `json:"seconds"`
	Repeat  int          `json:"repeat"`
	Results []gemmResult `json:"results"`
}

// gemmResult is one product on one device.
type gemmResult struct {
	Layout   string      `json:"layout"`
	M        int         `json:"m"`
	N        int         `json:"n"`
	K        int         `json:"k"`
	Device   deviceJSON  `json:"device"`
	Launches int         `json:"launches"`
	Products int         `json:"products_per_run"`
	Runs     []int64     `json:"run_ns"`
	GFLOPS   benchSpread `json:"gflops"`
	Peaks    *peaksJSON  `json:"peaks"`
	OfPeak   *float64    `json:"of_peak"` // as of a benchResult
	// Difference is ‖C − C_ref‖ / ‖C_ref‖, where the CPU reference computed C_ref.
	Difference float64 `json:"difference"`

	turns *turns
}

// checkGEMM refuses with --gemm what says how steps are measured.
func (f *benchFlags) checkGEMM(cmd *cobra.Command) error {
	for _, flag := range []string{"kernels", "net", "batch", "activation", "output", "network"} {
		if len(f.gemm) > 0 && cmd.Flags().Changed(flag) {
			return usage(cmd, "--gemm measures products and no steps, and --%s is for steps: leave one out", flag)
		}
	}
	return nil
}

// gemmSizes reads --gemm.
func (f *benchFlags) gemmSizes() ([]gemmSize, error) {
	var sizes []gemmSize
	for _, text := range f.gemm {
		parts := strings.Split(strings.TrimSpace(text), "x")
		var v []int
		for _, part := range parts {
			size, err := strconv.Atoi(part)
			if err != nil || size < 1 || size > 1<<14 {
				return nil, fmt.Errorf("--gemm %q: need sizes of 1 to %d, as in 128x512x784 (m x n x k)", text, 1<<14)
			}
			v = append(v, size)
		}
		if len(v) != 3 {
			return nil, fmt.Errorf("--gemm %q: need three sizes, m x n x k, as in 128x512x784", text)
		}
		sizes = append(sizes, gemmSize{v[0], v[1], v[2]})
	}
	return sizes, nil
}

// product is a plan of one operation, and how to read what it computed.
type product struct {
	plan device.Plan
	read func() ([]float32, error)
}

// newProduct prepares a product on eng, with operands that are even in [−1, 1) and
// the same each time.
func newProduct(eng device.Engine, layout string, s gemmSize) (*product, error) {
	var failed error
	keep := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	matrix := func(rows, cols int, what uint32) device.Matrix {
		m, err := eng.NewMatrix(rows, cols)
		if keep(err); err == nil {
			keep(eng.Write(m, 0, evenValues(rows*cols, what)))
		}
		return m
	}
	parameters := func(in, out int) device.Parameters {
		p, err := eng.NewParameters([]device.Shape{{In: in, Out: out}})
		if keep(err); err == nil {
			keep(eng.WriteParameters(p, 0, evenValues(in*out, 1), make([]float32, out)))
		}
		return p
	}
	var op device.Op
	out := make([]float32, s.m*s.n)
	p := &product{}
	switch layout {
	case "forward":
		a, theta, c := matrix(s.m, s.k, 0), parameters(s.k, s.n), matrix(s.m, s.n, 2)
		op = device.Forward{Act: device.Linear, A: a, Theta: theta, Out: c}
		p.read = func() ([]float32, error) { return out, eng.Read(out, c, 0) }
	case "delta":
		a, theta, c := matrix(s.m, s.k, 0), parameters(s.n, s.k), matrix(s.m, s.n, 2)
		op = device.HiddenDelta{Act: device.Linear, Next: a, Theta: theta, A: c, Delta: matrix(s.m, s.n, 3)}
		p.read = func() ([]float32, error) { return out, eng.Read(out, op.(device.HiddenDelta).Delta, 0) }
	default:
		a, b, sum := matrix(s.k, s.m, 0), matrix(s.k, s.n, 1), parameters(s.n, s.m)
		op = device.Accumulate{Delta: a, A: b, Sum: sum, Fresh: true}
		p.read = func() ([]float32, error) { return out, eng.ReadParameters(out, make([]float32, s.m), sum, 0) }
	}
	if failed != nil {
		return nil, failed
	}
	var err error
	p.plan, err = eng.Prepare(op)
	return p, err
}

func evenValues(n int, what uint32) []float32 {
	random, values := cpuref.NewStream(benchSeed, what, 0), make([]float32, n)
	for i := range values {
		values[i] = float32(2*random.Float64(uint64(i)) - 1)
	}
	return values
}

// times runs a product n times, and waits at the end.
func (p *product) times(eng device.Engine, n int) (time.Duration, error) {
	began := time.Now()
	for range n {
		if err := p.plan.Run(); err != nil {
			return 0, err
		}
	}
	err := eng.Sync()
	return time.Since(began), err
}

// gemm measures every product on the CPU reference and on each device.
func (b *bench) gemm(ctx context.Context, sizes []gemmSize, specs []string) ([]gemmResult, error) {
	var results []gemmResult
	for _, s := range sizes {
		for _, layout := range gemmLayouts {
			var reference []float32
			for _, spec := range append([]string{"cpuref"}, specs...) {
				if ctx.Err() != nil {
					return nil, fmt.Errorf("bench: %w", context.Cause(ctx))
				}
				r, c, err := b.gemmOn(spec, layout, s)
				if err != nil {
					return nil, fmt.Errorf("bench: %s %dx%dx%d on %s: %w", layout, s.m, s.n, s.k, spec, err)
				}
				if reference == nil {
					reference = c
				}
				r.Difference = apart(c, reference)
				if most := maxApart(s.k); !(r.Difference <= most) { // so written that NaN fails too
					return nil, fmt.Errorf("bench: %s %dx%dx%d on %s: %s: differs from the CPU reference by %.2g, more than %.2g",
						layout, s.m, s.n, s.k, spec, wrongResult, r.Difference, most)
				}
				results = append(results, *r)
			}
		}
	}
	return results, nil
}

func (b *bench) gemmOn(spec, layout string, s gemmSize) (*gemmResult, []float32, error) {
	// Shapes that "clprop tune --net K-N-N --batch-size M" found, whose products these are.
	eng, err := b.open(spec, device.Options{Workload: device.Workload{Sizes: []int{s.k, s.n, s.n}, Batch: s.m}, Eager: true})
	if err != nil {
		return nil, nil, err
	}
	defer eng.Close()
	p, err := newProduct(eng, layout, s)
	if err != nil {
		return nil, nil, err
	}
	r := &gemmResult{Layout: layout, M: s.m, N: s.n, K: s.k, Launches: p.plan.Launches()}
	r.Products, err = inRun(b.budget/time.Duration(b.repeat), func(n int) (time.Duration, error) { return p.times(eng, n) })
	if err == nil {
		err = b.gemmRuns(eng, p, s, r)
	}
	if err != nil {
		return nil, nil, err
	}
	peaks, share, err := b.shareOf(spec, eng, r.turns)
	if err != nil {
		return nil, nil, err
	}
	if peaks != nil {
		r.Peaks, r.OfPeak = newPeaks(*peaks), share
	}
	r.Device = newDeviceJSON(eng)
	c, err := p.read()
	return r, c, err
}

// inRun is how many products make a run of such a length, by the time that ever more of them take. The
// first compiles its program, which can take longer than a run, and says nothing of the rest.
func inRun(length time.Duration, times func(n int) (time.Duration, error)) (int, error) {
	if _, err := times(1); err != nil {
		return 0, err
	}
	for n, each := 1, time.Duration(math.MaxInt64); ; n *= 2 {
		took, err := times(n)
		if err != nil {
			return 0, err
		}
		if each = min(each, max(took/time.Duration(n), 1)); took >= length/2 {
			return int(max(length/each, 1)), nil
		}
	}
}

// gemmRuns times the runs, in turns with the peak.
func (b *bench) gemmRuns(eng device.Engine, p *product, s gemmSize, r *gemmResult) (err error) {
	if r.turns, err = newTurns(eng); err != nil {
		return err
	}
	var rates []float64
	for range b.repeat {
		took, err := p.times(eng, r.Products)
		if err != nil {
			return err
		}
		r.Runs = append(r.Runs, took.Nanoseconds())
		rate := 2 * float64(s.m) * float64(s.n) * float64(s.k) * float64(r.Products) / max(float64(took), 1)
		rates = append(rates, rate)
		if err := r.turns.ran(rate); err != nil {
			return err
		}
	}
	r.GFLOPS = benchSpread{Median: median(rates), Min: slices.Min(rates), Max: slices.Max(rates)}
	return nil
}

// apart is ‖c − want‖ / ‖want‖.
func apart(c, want []float32) float64 {
	var off, size float64
	for i, w := range want {
		off += square(float64(c[i]) - float64(w))
		size += square(float64(w))
	}
	return math.Sqrt(off / size)
}

// maxApart is up to what a product counts as right. Each of two engines is within
// 2·k·2⁻²⁴·|A||B| of the exact sum. For values even in [−1, 1) an element of |A||B| is
// k/4, and one of AB is √k/3 in the mean square, so that makes 4·k·2⁻²⁴·(3/4)√k; the
// bias is one product more. A wrong product makes 1.
func maxApart(k int) float64 {
	n := float64(k + 1)
	return 3 * n * math.Sqrt(n) * 0x1p-24
}

// printGEMM prints products as a table or as JSON.
func (b *bench) printGEMM(results []gemmResult, format string) error {
	if format == asJSON {
		return b.env.printJSON(gemmJSON{
			Schema: schemaVersion, Version: currentVersion().Version,
			Seconds: b.budget.Seconds(), Repeat: b.repeat, Results: results,
		})
	}
	rows := [][]string{{"product", "device", "m × n × k", "GFLOPS", "min … max", "% peak", "launches", "difference"}}
	for _, r := range results {
		peak := "—"
		if r.OfPeak != nil {
			peak = fmt.Sprintf("%.0f", 100**r.OfPeak)
		}
		rows = append(rows, []string{r.Layout, shorten(oneLine(r.Device.Name), 32),
			fmt.Sprintf("%d × %d × %d", r.M, r.N, r.K), fmt.Sprintf("%.1f", r.GFLOPS.Median),
			fmt.Sprintf("%.1f … %.1f", r.GFLOPS.Min, r.GFLOPS.Max), peak, fmt.Sprint(r.Launches), fmt.Sprintf("%.1e", r.Difference)})
	}
	var text strings.Builder
	writeColumns(&text, rows, 2)
	return b.env.print(text.String())
}
