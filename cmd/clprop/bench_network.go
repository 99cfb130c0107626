package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/spf13/cobra"
)

const (
	// leastSum and mostSum bound the values of the sums that are measured, 1 KiB to 64 MiB.
	leastSum, mostSum = 1 << 8, 1 << 24
	// sumTries is how often each is measured: the median counts.
	sumTries = 9
	// mostPaying bounds the search for a batch that pays.
	mostPaying = 1 << 22
)

// scaleRanks are those that the model is used for.
var scaleRanks = []int{1, 2, 4, 8, 16, 64}

// benchNetworkJSON is what bench --network --json prints. Times are in seconds.
type benchNetworkJSON struct {
	Schema   int           `json:"schema"`
	Version  string        `json:"version"`
	Ranks    int           `json:"ranks"` // 1 where nothing was measured
	Machines int           `json:"machines"`
	Library  string        `json:"library"`
	Device   string        `json:"device"`
	Sums     []sumJSON     `json:"sums"`
	Results  []netRankJSON `json:"results"`
}

// sumJSON is an all-reduce of so many bytes.
type sumJSON struct {
	Bytes     int     `json:"bytes"`
	Seconds   float64 `json:"seconds"`   // the median
	Bandwidth float64 `json:"bandwidth"` // bytes a second that a rank sends, of the least that it must
}

// netRankJSON is one network at one batch size: the model's figures, a step of it, and what
// the model says of other numbers of ranks.
type netRankJSON struct {
	Net   string    `json:"net"`
	Batch int       `json:"batch"` // of all ranks together
	Model modelJSON `json:"model"`
	// Measured is null where nothing was; Predicted is the model's word for the same.
	Measured  *stepJSON   `json:"measured"`
	Predicted *stepJSON   `json:"predicted"`
	Scale     []scaleJSON `json:"scale"`
}

type modelJSON struct {
	FLOPS     float64 `json:"flops"`
	Copy      float64 `json:"copy"`
	Update    float64 `json:"update"`
	Bandwidth float64 `json:"bandwidth"`
	Latency   float64 `json:"latency"`
}

func (m modelJSON) of() device.StepModel {
	return device.StepModel{FLOPS: m.FLOPS, Copy: m.Copy, Update: m.Update, Bandwidth: m.Bandwidth,
		Latency: time.Duration(m.Latency * float64(time.Second))}
}

type stepJSON struct {
	Seconds float64 `json:"seconds"`
	Sums    float64 `json:"sum_seconds"`
	Waited  float64 `json:"waited_seconds"`
}

func newStepJSON(t device.StepTime) *stepJSON {
	return &stepJSON{t.Total.Seconds(), t.Sums.Seconds(), t.Waited.Seconds()}
}

type scaleJSON struct {
	Ranks   int     `json:"ranks"`
	Seconds float64 `json:"seconds"`
	Speedup float64 `json:"speedup"` // of one rank
	// HalfFrom and MostFrom are the smallest batches, powers of two, at which the ranks have half,
	// and 80%, of their number times the speed of one; 0 for none up to 4 Mi.
	HalfFrom int `json:"half_from"`
	MostFrom int `json:"most_from"`
}

// networking measures with the other ranks.
type networking struct {
	*env
	ctx    context.Context
	budget time.Duration
}

// benchNetwork is bench --network: it measures under a launcher, or else takes all figures
// from --assume.
func (e *env) benchNetwork(cmd *cobra.Command, f *benchFlags, cases []benchCase) error {
	given, err := parseAssume(f.assume)
	if err != nil {
		return usage(cmd, "--assume: %w", err)
	}
	if f.format != asTable && f.format != asJSON {
		return usage(cmd, "--network: %s has no place for it: choose table or json", f.format)
	}
	return e.onRanks(cmd, "auto", func() error {
		several := e.joined.count() > 1
		if !several && !given.complete() {
			return usage(cmd, "--network measures the sums over ranks, and this is one process: start several, as in "+
				"mpirun -n 2 --bind-to none clprop bench --network; or give all figures: --assume flops=1e13,copy=1e10,update=1e11,bandwidth=1e10,latency=1e-5")
		}
		n := networking{e, cmd.Context(), time.Duration(f.seconds * float64(time.Second))}
		out := benchNetworkJSON{Schema: schemaVersion, Version: currentVersion().Version, Ranks: 1, Machines: 1, Sums: []sumJSON{}}
		if several {
			if err := n.measure(f, cases, &out); err != nil {
				return err
			}
		}
		for i, c := range cases {
			if !several {
				out.Results = append(out.Results, netRankJSON{Net: c.String(), Batch: c.batch})
			}
			out.Results[i].predict(c, given, out.Ranks)
		}
		if f.format == asJSON {
			return e.printJSON(out)
		}
		return e.print(out.table())
	})
}

// predict fills in what the model says, with the figures that are given before those that
// were measured.
func (r *netRankJSON) predict(c benchCase, given modelJSON, ranks int) {
	for _, figure := range []struct{ to, from *float64 }{
		{&r.Model.FLOPS, &given.FLOPS}, {&r.Model.Copy, &given.Copy}, {&r.Model.Update, &given.Update},
		{&r.Model.Bandwidth, &given.Bandwidth}, {&r.Model.Latency, &given.Latency},
	} {
		if *figure.from > 0 {
			*figure.to = *figure.from
		}
	}
	m, shapes := r.Model.of(), c.shapes()
	if r.Measured != nil {
		r.Predicted = newStepJSON(m.Step(shapes, r.Batch, ranks))
	}
	one := m.Step(shapes, r.Batch, 1).Total
	for _, n := range scaleRanks {
		t := m.Step(shapes, r.Batch, n).Total
		r.Scale = append(r.Scale, scaleJSON{n, t.Seconds(), one.Seconds() / t.Seconds(),
			m.PaysFrom(shapes, n, mostPaying, 0.5), m.PaysFrom(shapes, n, mostPaying, 0.8)})
	}
}

func (c benchCase) shapes() (shapes []device.Shape) {
	for l := 1; l < len(c.sizes); l++ {
		shapes = append(shapes, device.Shape{In: c.sizes[l-1], Out: c.sizes[l]})
	}
	return shapes
}

// assumable are the names of --assume.
var assumable = []string{"flops", "copy", "update", "bandwidth", "latency"}

// parseAssume reads figures of the model, such as flops=1e13,latency=5e-6; 0 for those that
// are not there.
func parseAssume(list []string) (m modelJSON, err error) {
	to := []*float64{&m.FLOPS, &m.Copy, &m.Update, &m.Bandwidth, &m.Latency}
	for _, text := range list {
		name, number, ok := strings.Cut(text, "=")
		i := slices.Index(assumable, strings.TrimSpace(name))
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if !ok || i < 0 || err != nil || !(v > 0 && v < 1e30) { // so that NaN fails
			return m, fmt.Errorf("%q: need NAME=NUMBER above 0, with a name of %s", text, strings.Join(assumable, ", "))
		}
		*to[i] = v
	}
	return m, nil
}

func (m modelJSON) complete() bool {
	return m.FLOPS > 0 && m.Copy > 0 && m.Update > 0 && m.Bandwidth > 0 && m.Latency > 0
}

// measure measures the sums, and each case.
func (n networking) measure(f *benchFlags, cases []benchCase, out *benchNetworkJSON) error {
	j := n.joined
	out.Ranks, out.Machines, out.Library = j.count(), j.machines, j.world.Library()
	spec := "auto"
	if len(f.devices) > 0 && f.devices[0] != "all" {
		spec = groupSpec(f.devices[0])
	}
	n.note("ranks   %d on %s, %s each; %s", out.Ranks, plural(j.machines, "machine"), plural(j.cores, "core"), out.Library)
	var err error
	if out.Sums, err = n.sums(); err != nil {
		return err
	}
	for _, c := range cases {
		if c.batch < out.Ranks {
			return fmt.Errorf("batch %d is less than the %d ranks: raise %s", c.batch, out.Ranks, f.batchFlag)
		}
		r, name, err := n.step(c, j.deviceSpec(n.env, spec))
		if err != nil {
			return err
		}
		out.Device = name
		r.Model.Latency, r.Model.Bandwidth = fitNetwork(out.Sums, out.Ranks)
		out.Results = append(out.Results, r)
	}
	return nil
}

// together times work on all ranks: it begins on all at once, and ends with the last.
func (n networking) together(work func() error) (time.Duration, error) {
	if n.ctx.Err() != nil {
		return 0, context.Cause(n.ctx)
	}
	if _, err := n.joined.world.Gather([]float64{0}); err != nil {
		return 0, err
	}
	began := time.Now()
	err := work()
	took := time.Since(began)
	all, other := n.joined.world.Gather([]float64{took.Seconds()})
	if err := errors.Join(err, other); err != nil {
		return 0, err
	}
	return time.Duration(slices.Max(all) * float64(time.Second)), nil
}

// sums measures all-reduce of ever more values.
func (n networking) sums() ([]sumJSON, error) {
	var list []sumJSON
	values := make([]float32, mostSum)
	ranks := float64(n.joined.count())
	for size := leastSum; size <= mostSum; size *= 4 {
		times := make([]float64, sumTries)
		for try := range times {
			took, err := n.together(func() error { _, err := n.joined.world.Sum(values[:size])(); return err })
			if err != nil {
				return nil, err
			}
			times[try] = max(took.Seconds(), 1e-9)
		}
		slices.Sort(times)
		s := times[len(times)/2]
		list = append(list, sumJSON{4 * size, s, 2 * (ranks - 1) / ranks * 4 * float64(size) / s})
	}
	return list, nil
}

// fitNetwork finds a and B of S(s, n) from the sums: the smallest gives the latency, the two
// largest, by their difference, the bandwidth.
func fitNetwork(sums []sumJSON, n int) (latency, bandwidth float64) {
	first, last, before := sums[0], sums[len(sums)-1], sums[len(sums)-2]
	latency = first.Seconds / (2 * math.Log2(float64(n)))
	more := last.Seconds - before.Seconds
	if more <= 0 { // noise
		return latency, last.Bandwidth
	}
	return latency, 2 * float64(n-1) / float64(n) * float64(last.Bytes-before.Bytes) / more
}

// step measures one case: what each rank does by itself, and the step of all together.
func (n networking) step(c benchCase, spec string) (r netRankJSON, name string, err error) {
	own := c
	own.batch = (c.batch + n.joined.count() - 1) / n.joined.count()
	r = netRankJSON{Net: c.String(), Batch: c.batch}
	eng, err := n.openDeviceWith(spec, "measuring", device.Options{Context: n.ctx, Workload: own.workload()})
	if err != nil {
		return r, "", err
	}
	defer eng.Close()
	n.note("%v, batch %d: measuring %s ...", c, c.batch, deviceText(eng.Info()))
	alone, _, err := n.steps(own, eng)
	if err != nil {
		return r, "", err
	}
	r.Model.FLOPS = own.flops() / alone.Seconds()
	if err := n.exchange(c, eng, &r.Model); err != nil {
		return r, "", err
	}
	ranked := device.NewRanked(eng, n.joined.world)
	all, count, err := n.steps(c, ranked)
	if err != nil {
		return r, "", err
	}
	took, waited := ranked.Summing()
	r.Measured = &stepJSON{all.Seconds(), took.Seconds() / float64(count), waited.Seconds() / float64(count)}
	return r, eng.Info().Name, nil
}

// steps is the time of a step, the best of a few runs within the budget, and how many steps
// were done.
func (n networking) steps(c benchCase, eng device.Engine) (best time.Duration, count int, err error) {
	_, step, err := c.stepper(eng)
	if err != nil {
		return 0, 0, err
	}
	defer step.Close()
	run := func(k int) (time.Duration, error) {
		count += k
		return n.together(func() error { _, err := timed(step, k); return err })
	}
	if _, err = run(2); err != nil { // to compile
		return 0, 0, err
	}
	best = math.MaxInt64
	// All ranks have the same times, and so do the same number of runs.
	for spent := time.Duration(0); spent < n.budget; {
		took, err := run(2)
		if err != nil {
			return 0, 0, err
		}
		best, spent = min(best, took/2), spent+took
	}
	return best, count, nil
}

// exchange measures the copies of Δ and the update, on all ranks at once: where they share
// cores and memory, they share them then too.
func (n networking) exchange(c benchCase, eng device.Engine, m *modelJSON) error {
	shapes, all := c.shapes(), 0
	for _, s := range shapes {
		all += (s.In + 1) * s.Out
	}
	var held []device.Parameters
	defer func() {
		for _, p := range held {
			p.Release()
		}
	}()
	for range 3 {
		p, err := eng.NewParameters(shapes)
		if err != nil {
			return err
		}
		held = append(held, p)
	}
	sum, theta, grad := held[0], held[1], held[2]
	update, err := eng.Prepare(device.Gradient{Sum: sum, Theta: theta, M: 1, Grad: grad}, device.SGD{Theta: theta, Grad: grad, Rate: device.NewScalar(0)})
	if err != nil {
		return err
	}
	defer update.Release()
	best := func(work func() error) (float64, error) {
		least := math.Inf(1)
		for range sumTries {
			took, err := n.together(work)
			if err != nil {
				return 0, err
			}
			least = min(least, max(took.Seconds(), 1e-9))
		}
		return least, nil
	}
	copies, err := best(func() error { return device.CopyLayers(eng, sum) })
	if err != nil {
		return err
	}
	took, err := best(func() error {
		if err := update.Run(); err != nil {
			return err
		}
		return eng.Sync()
	})
	m.Copy, m.Update = 8*float64(all)/copies, 4*float64(all)/took
	return err
}
