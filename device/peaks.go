package device

import (
	"errors"
	"fmt"
	"time"

	"github.com/clprop/clprop/kernels"
)

// Peaks is what a device does at best, as measured.
type Peaks struct {
	GFLOPS float64       // of float32 multiply-adds on registers, 10⁹ operations a second
	GBps   float64       // of copying, bytes read and written, 10⁹ a second
	Launch time.Duration // of a launch of a kernel that does nothing, one of many queued
}

// ErrNoPeaks: the engine has no peaks to measure, such as the CPU reference.
var ErrNoPeaks = errors.New("no peaks to measure")

const (
	peakTries    = 5                     // the best of so many counts
	peakTime     = 20 * time.Millisecond // a try takes about so long, if it may
	peakCopyMost = 1 << 25               // floats: 128 MiB, more than caches hold
	peakLaunches = 1 << 12
)

// MeasurePeaks measures a device, in about half a second. An engine that is not on
// OpenCL gives an error that wraps ErrNoPeaks.
func MeasurePeaks(e Engine) (Peaks, error) {
	o, ok := e.(*opencl)
	if !ok {
		return Peaks{}, fmt.Errorf("%s: %w", e.Info().Name, ErrNoPeaks)
	}
	var p Peaks
	err := o.ready("measure peaks")
	for _, part := range []func(*Peaks) error{o.peakFMA, o.peakCopy, o.peakLaunch} {
		if err == nil {
			err = part(&p)
		}
	}
	return p, err
}

// MultiplyAdds measures Peaks.GFLOPS alone, within a tenth of a second or a few: to be taken in turns
// with what it is compared with, since the speed of a machine that others share changes. Errors are
// those of MeasurePeaks.
func MultiplyAdds(e Engine) (float64, error) {
	o, ok := e.(*opencl)
	if !ok {
		return 0, fmt.Errorf("%s: %w", e.Info().Name, ErrNoPeaks)
	}
	var p Peaks
	err := o.ready("measure multiply-adds")
	if err == nil {
		err = o.peakFMA(&p)
	}
	return p.GFLOPS, err
}

// fastest is the shortest time of a few tries of n launches, after one to warm up.
func (e *opencl) fastest(l *kernels.Launch, n int) (best time.Duration, err error) {
	for try := range peakTries {
		began := time.Now()
		for range n {
			// not enqueue: nothing here is work of a plan, to be counted or profiled
			if err := e.fail(e.start(l)); err != nil {
				return 0, err
			}
		}
		if err := e.await("measure", e.finish); err != nil {
			return 0, err
		}
		took := max(time.Since(began), 1)
		if try == 0 {
			continue // to warm up: it may compile
		}
		if best == 0 || took < best {
			best = took
		}
		if took > 10*peakTime {
			break // a simulator: once is enough
		}
	}
	return best, nil
}

// grow measures ever larger work until it takes long enough, and returns the best
// rate: amount(l) by seconds. It begins with first, where it leaves what was enough.
func (e *opencl) grow(first *int, most int, launch func(n int) (*kernels.Launch, error), amount func(*kernels.Launch) float64) (float64, error) {
	for n := *first; ; n *= 4 {
		n = min(n, most)
		*first = n
		l, err := launch(n)
		if err != nil {
			return 0, e.fail(err)
		}
		took, err := e.fastest(l, 1)
		rate := amount(l) / took.Seconds()
		l.Release()
		if err != nil || took >= peakTime || n == most {
			return rate / 1e9, err
		}
	}
}

func (e *opencl) peakFMA(p *Peaks) (err error) {
	items := e.set.PeakItems(max(e.info.Units, 1))
	out, err := e.allocate("the multiply-add peak", e.set.PeakFloats(items))
	if err != nil {
		return err
	}
	defer out.Release()
	e.fmaRounds = max(e.fmaRounds, 16)
	p.GFLOPS, err = e.grow(&e.fmaRounds, 1<<28,
		func(rounds int) (*kernels.Launch, error) { return e.set.PeakFMA(items, rounds, out.mem) },
		func(l *kernels.Launch) float64 { return l.FLOPs })
	return err
}

func (e *opencl) peakCopy(p *Peaks) error {
	most := peakCopyMost
	if e.info.MaxAllocation > 0 {
		most = int(min(int64(most), e.info.MaxAllocation/4))
	}
	if e.info.TotalMemory > 0 {
		most = int(min(int64(most), (e.info.TotalMemory-e.allocated)/32))
	}
	most = max(most/16, 1) * 16
	from, err := e.zeroed("the copy peak", most)
	if err != nil {
		return err
	}
	defer from.Release()
	to, err := e.zeroed("the copy peak", most)
	if err != nil {
		return err
	}
	defer to.Release()
	first := 1 << 13
	p.GBps, err = e.grow(&first, most,
		func(n int) (*kernels.Launch, error) { return e.set.PeakCopy(n&^15, from.mem, to.mem) },
		func(l *kernels.Launch) float64 { return l.Bytes })
	return err
}

func (e *opencl) peakLaunch(p *Peaks) error {
	l, err := e.set.PeakEmpty()
	if err != nil {
		return e.fail(err)
	}
	defer l.Release()
	n := 16
	took, err := e.fastest(l, n)
	if err == nil && took < peakTime {
		n = peakLaunches
		took, err = e.fastest(l, n)
	}
	p.Launch = took / time.Duration(n)
	return err
}
