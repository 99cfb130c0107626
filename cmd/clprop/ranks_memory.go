package main

import (
	"errors"
	"strings"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
)

// rankMemories are the ways of --rank-memory.
var rankMemories = []string{rankMemoryAuto, rankMemoryOwn}

const (
	rankMemoryAuto = "auto"
	rankMemoryOwn  = "own"
)

// shareMemory makes ranks work on one memory where --rank-memory and the machine let them.
// Ranks that wait for cores as well are better off with less to wait for.
func (j *joined) shareMemory(eng device.Engine, mode string, compress trainer.Compress) error {
	switch {
	case j.count() < 2 || j.machines > 1:
		return nil
	case mode == rankMemoryOwn:
		j.apart = "asked for"
	case compress != trainer.CompressNone:
		j.apart = "sums are to be compressed"
	case j.crowded:
		j.apart = "they are more than there are cores"
	default:
		err := j.ranked(eng).(*device.Ranked).ShareMemory()
		if !errors.Is(err, device.ErrOwnMemory) {
			return err
		}
		j.apart = strings.TrimPrefix(err.Error(), device.ErrOwnMemory.Error()+": ")
	}
	return nil
}

// sharesMemory reports whether ranks work on one memory.
func (j *joined) sharesMemory() bool {
	return j.count() > 1 && j.engine != nil && j.engine.SharesMemory()
}

// summing is how many ranks sum Δ, which those with one memory do not.
func (j *joined) summing() int {
	if j.sharesMemory() {
		return 1
	}
	return j.count()
}
