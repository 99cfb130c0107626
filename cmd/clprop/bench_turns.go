package main

import (
	"errors"
	"slices"
	"time"

	"github.com/clprop/clprop/device"
)

// patientPeak is how long measuring a peak may take to be measured again after each run: on a
// simulator it takes minutes.
const patientPeak = time.Second

// turns measures the multiply-add peak of a device before and after each run: what other
// machines on a host take, a run and the peak beside it lose alike.
type turns struct {
	eng    device.Engine
	once   bool
	peaks  []float64 // GFLOPS, one more than runs; none of an engine without peaks
	shares []float64 // of a run, of the mean of the peaks before and after it
}

// newTurns measures the peak before the first run.
func newTurns(eng device.Engine) (*turns, error) {
	t := &turns{eng: eng}
	began := time.Now()
	peak, err := device.MultiplyAdds(eng)
	t.once = time.Since(began) > patientPeak
	var full *device.MemoryError
	switch {
	case err == nil:
		t.peaks = append(t.peaks, peak)
	case errors.Is(err, device.ErrNoPeaks) || errors.As(err, &full):
		return t, nil
	}
	return t, err
}

// ran measures the peak after a run.
func (t *turns) ran(gflops float64) error {
	if len(t.peaks) == 0 {
		return nil
	}
	before := t.peaks[len(t.peaks)-1]
	after := before
	if !t.once {
		var err error
		if after, err = device.MultiplyAdds(t.eng); err != nil {
			return err
		}
	}
	t.shares = append(t.shares, gflops/((before+after)/2))
	t.peaks = append(t.peaks, after)
	return nil
}

// median is that of the peaks and of the shares; there is none without a run.
func (t *turns) median() (peak, share float64, ok bool) {
	if len(t.shares) == 0 {
		return 0, 0, false
	}
	return median(t.peaks), median(t.shares), true
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
