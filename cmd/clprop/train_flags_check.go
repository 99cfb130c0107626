package main

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/durable"
	"github.com/spf13/cobra"
)

// checkStep is check for the flags of addStep.
func (f *trainFlags) checkStep(cmd *cobra.Command) (hidden []int, err error) {
	if err := f.checkInit(cmd); err != nil {
		return nil, err
	}
	if hidden, err = parseHidden(f.hidden); err != nil {
		return nil, usage(cmd, "%w", err)
	}
	c := &f.config
	c.Seed, c.Resident, c.Precision = f.seed, trainer.Resident(f.resident), trainer.Precision(f.precision)
	if err := checkOptimizer(cmd, c); err != nil {
		return nil, err
	}
	// Written so that NaN fails too: no comparison with it is true.
	if !(c.Lambda >= 0 && c.Lambda <= math.MaxFloat32) {
		return nil, usage(cmd, "--l2 is %v: need 0 or more, up to %.3g", c.Lambda, math.MaxFloat32)
	}
	if !(f.valSplit >= 0 && f.valSplit < 1) {
		return nil, usage(cmd, "--val-split is %v: need 0 or more and less than 1", f.valSplit)
	}
	for _, choice := range []struct {
		flag, value string
		have        []string
	}{
		{"activation", f.activation, activations()},
		{"norm", f.norm, trainer.Norms()},
		{"resident", f.resident, []string{"auto", "yes", "no"}},
		{"precision", f.precision, trainer.Precisions()},
	} {
		if err := oneOf(cmd, choice.flag, choice.value, choice.have); err != nil {
			return nil, err
		}
	}
	if err := f.data.checkMap(cmd); err != nil {
		return nil, err
	}
	if err := f.checkStream(cmd); err != nil {
		return nil, err
	}
	if err := f.loss.check(cmd, c, &f.data.learn.task); err != nil {
		return nil, err
	}
	if err := checkRegularizers(cmd, c.Regularizers); err != nil {
		return nil, err
	}
	if err := f.augment.check(cmd, &c.Augment); err != nil {
		return nil, err
	}
	if err := c.CheckPrecision(); err != nil {
		return nil, usage(cmd, "%w", err)
	}
	if err := f.data.learn.check(cmd); err != nil {
		return nil, err
	}
	return hidden, f.data.check(cmd, f.testData, f.data.learn.valData)
}

// check refuses what cannot be meant, before anything is read, and fills config.
// It returns the units of the hidden layers.
func (f *trainFlags) check(cmd *cobra.Command) (hidden []int, err error) {
	if hidden, err = f.checkStep(cmd); err != nil {
		return nil, err
	}
	c := &f.config
	if c.VerifyEvery < 0 {
		return nil, usage(cmd, "--verify-every is %d: need 0 or more", c.VerifyEvery)
	}
	if !(c.Rate > 0 && c.Rate <= math.MaxFloat32) { // so that NaN fails
		return nil, usage(cmd, "--lr is %v: need a number above 0, up to %.3g", c.Rate, math.MaxFloat32)
	}
	if err := checkSchedule(cmd, c); err != nil {
		return nil, err
	}
	if err := oneOf(cmd, "progress", f.progress, []string{"auto", "bar", "plain", "none"}); err != nil {
		return nil, err
	}
	if err := checkServe(cmd, &f.serve); err != nil {
		return nil, err
	}
	if err := oneOf(cmd, "on-divergence", f.onDivergence, []string{"stop", "reload"}); err != nil {
		return nil, err
	}
	c.OnDivergence = trainer.OnDivergence(f.onDivergence)
	if err := oneOf(cmd, "on-device-loss", f.onDeviceLoss, []string{"stop", "continue"}); err != nil {
		return nil, err
	}
	c.OnDeviceLoss = trainer.OnDeviceLoss(f.onDeviceLoss)
	if err := oneOf(cmd, "parallel", f.parallel, parallels); err != nil {
		return nil, err
	}
	if err := oneOf(cmd, "rank-memory", f.rankMemory, rankMemories); err != nil {
		return nil, err
	}
	if err := oneOf(cmd, "compress", f.compress, []string{"none", string(trainer.CompressFP16)}); err != nil {
		return nil, err
	}
	if c.Compress = trainer.CompressNone; f.compress != "none" {
		c.Compress = trainer.Compress(f.compress)
	}
	if _, err := parseShares(f.shares); err != nil {
		return nil, usage(cmd, "--shares %w", err)
	}
	if err := f.stop.check(cmd, c, f.valSplit > 0 || f.data.learn.valData != ""); err != nil {
		return nil, err
	}
	if err := f.run.check(cmd, &f.out); err != nil {
		return nil, err
	}
	if err := checkWholeSet(cmd, *c, f.run.folder != ""); err != nil {
		return nil, err
	}
	if f.out == "" {
		return nil, usage(cmd, "--out is empty: name a file for the model")
	}
	return hidden, nil
}

// activations are the names of those that hidden units can have.
func activations() []string {
	var names []string
	for _, a := range cpuref.HiddenActivations() {
		names = append(names, string(a))
	}
	return names
}

// oneOf refuses the value of a flag that is not one of those that it has.
func oneOf(cmd *cobra.Command, flag, value string, have []string) error {
	if slices.Contains(have, value) {
		return nil
	}
	return usage(cmd, "--%s is %q: have %s", flag, value, strings.Join(have, ", "))
}

// parseHidden reads the units of hidden layers, such as "128,64".
func parseHidden(text string) ([]int, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var units []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 || n > math.MaxInt32 {
			return nil, fmt.Errorf("--hidden is %q: %q is not a number of units: write 128, or 128,64 for two layers", text, strings.TrimSpace(part))
		}
		units = append(units, n)
	}
	return units, nil
}

// checkWritten refuses names of files to write that would cost a file to read, or
// each other, and places where none can be made.
func (f *trainFlags) checkWritten(cmd *cobra.Command) error {
	written := map[string]string{"out": f.out}
	if f.profile != "" {
		written["profile"] = f.profile
		if filepath.Clean(f.profile) == filepath.Clean(f.out) || sameFile(f.profile, f.out) {
			return usage(cmd, "--profile and --out are both %s: name another file", f.out)
		}
	}
	reads := []string{f.data.source(), f.data.labels, f.testData, f.data.learn.valData, f.configFile}
	if f.initial != nil {
		reads = append(reads, f.init)
	}
	for _, flag := range slices.Sorted(maps.Keys(written)) {
		path := written[flag]
		if path == "-" { // which other commands take for standard output
			return usage(cmd, "--%s is -: standard output has the result: name a file", flag)
		}
		for _, read := range reads {
			if sameFile(path, read) {
				return usage(cmd, "--%s %s would replace what is read: name another file", flag, path)
			}
		}
		if err := checkWritable(flag, path); err != nil {
			return err
		}
	}
	return nil
}

// checkWritable says before the work what would keep its result from being written after it; flag
// names the file.
func checkWritable(flag, path string) error {
	if err := durable.Check(path); err != nil {
		return fmt.Errorf("--%s %s: %w", flag, path, err)
	}
	return nil
}
