package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/clprop/clprop/device"
)

// mostProfiled is how many steps are profiled at most.
const mostProfiled = 200

// peaksJSON is device.Peaks in a result.
type peaksJSON struct {
	GFLOPS float64 `json:"gflops"`
	GBps   float64 `json:"gbps"`
	Launch int64   `json:"launch_ns"`
}

func newPeaks(p device.Peaks) *peaksJSON {
	return &peaksJSON{GFLOPS: p.GFLOPS, GBps: p.GBps, Launch: p.Launch.Nanoseconds()}
}

func (p *peaksJSON) String() string {
	if p == nil {
		return "peaks not measured"
	}
	return fmt.Sprintf("peaks: %.1f GFLOPS, %.1f GB/s copied, %.1f µs a launch", p.GFLOPS, p.GBps, float64(p.Launch)/1e3)
}

// explain measures what eng could do at best, and with --kernels what each kernel
// of a step does.
func (b *bench) explain(c benchCase, spec string, eng device.Engine, r *benchResult) error {
	peaks, share, err := b.shareOf(spec, eng, r.turns)
	if err != nil {
		return err
	}
	if peaks != nil {
		r.Peaks, r.OfPeak = newPeaks(*peaks), share
	}
	if !b.kernels || !eng.Info().OpenCL() {
		return nil
	}
	each := time.Duration(r.Runs[len(r.Runs)-1]) / time.Duration(r.StepsPerRun)
	p, err := b.profileOf(c, spec, int(min(max(b.budget/max(each, 1), 1), mostProfiled)))
	if err != nil {
		return fmt.Errorf("--kernels: %w", err)
	}
	if p.ClockStopped() {
		b.env.note("warning: --kernels: %s", clockStopped(eng.Info(), p))
		return nil
	}
	r.Kernels = newKernels(p, peaks)
	return nil
}

// shareOf is the peaks of a device, that of multiply-adds beside the runs of turns, and the share of it
// that they reached; nil if there are none.
func (b *bench) shareOf(spec string, eng device.Engine, t *turns) (*device.Peaks, *float64, error) {
	known, err := b.peaksOf(spec, eng)
	peak, share, ok := t.median()
	if err != nil || known == nil || !ok {
		return nil, nil, err
	}
	peaks := *known
	peaks.GFLOPS = peak
	return &peaks, &share, nil
}

// peaksOf measures a device once. That a device has no peaks, or no memory left for
// measuring them, is no error.
func (b *bench) peaksOf(spec string, eng device.Engine) (*device.Peaks, error) {
	if known, ok := b.peaks[spec]; ok {
		return known, nil
	}
	if b.peaks == nil {
		b.peaks = map[string]*device.Peaks{}
	}
	peaks, err := device.MeasurePeaks(eng)
	var full *device.MemoryError
	switch {
	case err == nil:
		b.peaks[spec] = &peaks
	case errors.Is(err, device.ErrNoPeaks):
		b.peaks[spec] = nil
	case errors.As(err, &full):
		b.env.note("warning: peaks not measured: %v", err)
	default:
		return nil, err
	}
	return b.peaks[spec], nil
}

// profileOf profiles steps of c, after a first one that builds kernels. It is a
// run of its own, since taking times makes launches slower.
func (b *bench) profileOf(c benchCase, spec string, steps int) (*device.Profile, error) {
	eng, err := b.open(spec, device.Options{Profile: true, Workload: c.workload()})
	if err != nil {
		return nil, err
	}
	defer eng.Close()
	_, step, err := c.stepper(eng)
	if err != nil {
		return nil, err
	}
	defer step.Close()
	if _, err := timed(step, 1); err != nil {
		return nil, err
	}
	if _, err := device.TakeProfile(eng); err != nil {
		return nil, err
	}
	if _, err := timed(step, steps); err != nil {
		return nil, err
	}
	return device.TakeProfile(eng)
}
