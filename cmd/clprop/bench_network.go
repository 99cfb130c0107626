package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clprop/clprop/device"
)

// mostPaying bounds the search for a batch that pays.
const mostPaying = 1 << 22

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
	Measured *stepJSON `json:"measured"`
	// One is a step of the whole batch on one rank, and Shared that of all on one memory; null where
	// nothing was measured, or ranks cannot share memory, for the reason in Own.
	One       *stepJSON   `json:"one"`
	Shared    *stepJSON   `json:"shared"`
	Own       string      `json:"own"`
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
	return device.StepModel{FLOPS: m.FLOPS, Copy: m.Copy, Update: m.Update, Bandwidth: m.Bandwidth, Latency: m.Latency}
}

type stepJSON struct {
	Seconds float64 `json:"seconds"`
	Sums    float64 `json:"sum_seconds"`
	Waited  float64 `json:"waited_seconds"`
}

func newStepJSON(t device.StepTime) *stepJSON {
	return &stepJSON{t.Total, t.Sums, t.Waited}
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
		r.Scale = append(r.Scale, scaleJSON{n, t, one / t,
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

// Bounds of --assume, far from those of float64: no step of the model is 0 or infinite.
const leastAssumed, mostAssumed = 1e-15, 1e30

// parseAssume reads figures of the model, such as flops=1e13,latency=5e-6; 0 for those that
// are not there.
func parseAssume(list []string) (m modelJSON, err error) {
	to := []*float64{&m.FLOPS, &m.Copy, &m.Update, &m.Bandwidth, &m.Latency}
	for _, text := range list {
		name, number, ok := strings.Cut(text, "=")
		i := slices.Index(assumable, strings.TrimSpace(name))
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if !ok || i < 0 || err != nil || !(v >= leastAssumed && v <= mostAssumed) { // so that NaN fails
			return m, fmt.Errorf("%q: need NAME=NUMBER of %.0e to %.0e, with a name of %s",
				text, leastAssumed, mostAssumed, strings.Join(assumable, ", "))
		}
		*to[i] = v
	}
	return m, nil
}

func (m modelJSON) complete() bool {
	return m.FLOPS > 0 && m.Copy > 0 && m.Update > 0 && m.Bandwidth > 0 && m.Latency > 0
}
