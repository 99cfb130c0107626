package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/clprop/clprop/cpuref"
	"github.com/spf13/pflag"
)

// maxTrials bounds a search: the settings of all its trials are in memory.
const maxTrials = 1_000_000

// checkSizes refuses what no search is of: one bound for what is asked for and what a file says,
// so that every search that begins can go on.
func (p *searchPlan) checkSizes() error {
	if p.Trials < 1 || p.Budget < 1 || p.Eta < 1 {
		return fmt.Errorf("--trials is %d, --budget %d and --eta %d: need at least 1 of each", p.Trials, p.Budget, p.Eta)
	}
	if p.Trials > maxTrials {
		return fmt.Errorf("--trials is %d: need at most %d", p.Trials, maxTrials)
	}
	return nil
}

// streamSearch names the random numbers of a search: "sear".
const streamSearch uint32 = 0x73656172

// dimension is a flag of train that a search varies, and the values that it may have: some
// choices, or what lies between two numbers.
type dimension struct {
	name      string
	choices   []string
	low, high float64
	log       bool // even in the logarithm
	whole     bool // the flag takes whole numbers only
}

// parseDimension reads what a flag may be: 16|32|64, 0..0.5, or log:1e-4..1e-1.
func parseDimension(f *pflag.Flag, text string) (d dimension, err error) {
	d.name = f.Name
	fail := func(why string) error {
		return fmt.Errorf("%s is %q: %s: write LOW..HIGH, log:LOW..HIGH, or values with | between", f.Name, text, why)
	}
	rest, log := strings.CutPrefix(strings.TrimSpace(text), "log:")
	low, high, between := strings.Cut(rest, "..")
	if !between {
		if log || !strings.Contains(rest, "|") {
			return d, fail("nothing to choose from")
		}
		for choice := range strings.SplitSeq(rest, "|") {
			d.choices = append(d.choices, strings.TrimSpace(choice))
		}
		return d, nil
	}
	var failed error
	if d.low, failed = strconv.ParseFloat(strings.TrimSpace(low), 64); failed != nil {
		return d, fail("the first end is no number")
	}
	if d.high, failed = strconv.ParseFloat(strings.TrimSpace(high), 64); failed != nil {
		return d, fail("the second end is no number")
	}
	d.log, d.whole = log, !slices.Contains([]string{"float64", "string"}, f.Value.Type())
	switch {
	case !(d.low < d.high && d.high-d.low <= math.MaxFloat64): // so that NaN fails
		return d, fail("the first end is not below the second")
	case log && d.low <= 0:
		return d, fail("a logarithm begins above 0")
	case d.whole && (d.low != math.Trunc(d.low) || d.high != math.Trunc(d.high) || math.Abs(d.low) > 1e9 || d.high > 1e9):
		return d, fail("the flag takes whole numbers, here up to 1e9")
	}
	return d, nil
}

// value is what the dimension has at u, 0 ≤ u < 1: a text that the flag takes, of four
// digits, so that a command line can be read.
func (d dimension) value(u float64) string {
	if d.choices != nil {
		return d.choices[int(u*float64(len(d.choices)))]
	}
	high := d.high
	if d.whole {
		high++ // each whole number has the share up to the next
	}
	v := d.low + u*(high-d.low)
	if d.log {
		v = math.Exp(math.Log(d.low) + u*(math.Log(high)-math.Log(d.low)))
	}
	if d.whole {
		return strconv.FormatFloat(min(max(math.Floor(v), d.low), d.high), 'f', -1, 64)
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil {
		short = v
	}
	return strconv.FormatFloat(min(max(short, d.low), d.high), 'g', -1, 64)
}

// space is what a search draws from, in the order of the names.
type space []dimension

// parseSpace reads NAME=VALUES of --vary, and lines NAME: VALUES of a file; known finds the
// flags that may be varied.
func parseSpace(vary []string, lines []setting, known func(name string) *pflag.Flag) (space, map[string]string, error) {
	texts := map[string]string{}
	for _, line := range lines {
		texts[line.name] = line.value
	}
	for _, text := range vary {
		name, values, ok := strings.Cut(text, "=")
		if !ok {
			return nil, nil, fmt.Errorf("--vary is %q: write NAME=VALUES, such as lr=log:1e-4..1e-1", text)
		}
		texts[strings.TrimPrefix(name, "--")] = values
	}
	var list space
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		f := known(name)
		if f == nil {
			return nil, nil, fmt.Errorf("%q is no flag of train that can be varied", name)
		}
		d, err := parseDimension(f, texts[name])
		if err != nil {
			return nil, nil, err
		}
		list = append(list, d)
	}
	return list, texts, nil
}

// draw returns n different settings, each a value for each name, or all that there are if
// that is found to be fewer. The same seed gives the same ones, and the first of more.
func (s space) draw(n int, seed uint64) []map[string]string {
	var list []map[string]string
	for try := 0; len(list) < n && try < 100*n; try++ {
		stream := cpuref.NewStream(seed, streamSearch, uint32(try))
		setting := map[string]string{}
		for i, d := range s {
			setting[d.name] = d.value(stream.Float64(uint64(i)))
		}
		if !slices.ContainsFunc(list, func(other map[string]string) bool { return maps.Equal(other, setting) }) {
			list = append(list, setting)
		}
	}
	return list
}

// rung is a round of a search: so many of the trials that are left, trained for so long.
type rung struct{ trials, epochs int }

// rungs are those of successive halving: each has 1/η of the trials of the one before, and η
// times the epochs, up to the whole budget. η of 1 is a random search: all trials have the
// whole budget.
//
// Source: K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and
// hyperparameter optimization", AISTATS (2016), the algorithm Successive Halving, with η as
// in L. Li, K. Jamieson, G. DeSalvo, A. Rostamizadeh and A. Talwalkar, "Hyperband", JMLR 18
// (2018), §3. A trial begins anew in each rung, where theirs go on: a schedule that knows
// its end is another one when the end is later.
func rungs(trials, budget, eta int) []rung {
	list := []rung{{trials, budget}}
	for eta > 1 && list[0].trials >= eta && list[0].epochs >= eta {
		for i := range list {
			list[i].trials /= eta
		}
		list = append([]rung{{trials, list[0].epochs / eta}}, list...)
	}
	return list
}
