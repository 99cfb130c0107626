package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/durable"
)

// traceJSON is a file that chrome://tracing and Perfetto show: the Trace Event
// Format, its "JSON Object Format".
type traceJSON struct {
	Unit   string       `json:"displayTimeUnit"`
	Events []traceEvent `json:"traceEvents"`
}

// traceEvent is a run of a kernel ("X", complete) or the name of a row ("M").
type traceEvent struct {
	Name  string         `json:"name"`
	Phase string         `json:"ph"`
	Start float64        `json:"ts"`  // µs
	Took  float64        `json:"dur"` // µs
	PID   int            `json:"pid"`
	TID   int            `json:"tid"`
	Args  map[string]any `json:"args,omitempty"`
}

// newTrace shows a device as a process with one thread, its compute queue.
func newTrace(on string, p *device.Profile) traceJSON {
	t := traceJSON{Unit: "ns", Events: []traceEvent{
		{Name: "process_name", Phase: "M", PID: 1, TID: 1, Args: map[string]any{"name": on}},
		{Name: "thread_name", Phase: "M", PID: 1, TID: 1, Args: map[string]any{"name": "kernels"}},
	}}
	for _, r := range p.Runs {
		took := r.End - r.Start
		args := map[string]any{"size": r.Size}
		if ns := float64(took); ns > 0 {
			args["GFLOPS"], args["GB/s"] = r.FLOPs/ns, r.Bytes/ns
		}
		t.Events = append(t.Events, traceEvent{
			Name: r.Kernel, Phase: "X", Start: micros(r.Start), Took: micros(took), PID: 1, TID: 1, Args: args,
		})
	}
	return t
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// What limits a kernel.
const (
	byCompute   = "compute"
	byBandwidth = "bandwidth"
	byLaunch    = "launch"
	// byLatency: neither the operations nor the bytes explain a tenth of the time.
	// It goes into waiting: few work-items, steps that need the one before, or
	// exponentials, which count as no operations.
	byLatency = "latency"
)

const (
	// explained is the share of a peak from which on it is what limits a kernel.
	explained = 0.1
	// tableKernels is how many kernels train --profile prints.
	tableKernels = 20
)

// kernelJSON is all runs of one kernel of one size.
type kernelJSON struct {
	Kernel string  `json:"kernel"`
	Size   string  `json:"size"`
	Count  int     `json:"count"`
	Total  int64   `json:"total_ns"`
	Min    int64   `json:"min_ns"`
	Share  float64 `json:"share"` // of the time of all kernels
	GFLOPS float64 `json:"gflops"`
	GBps   float64 `json:"gbps"`
	// OfPeak is the share of the peak that it comes closer to; null where peaks were
	// not measured, and where the launch limits.
	OfPeak  *float64 `json:"of_peak"`
	Limited string   `json:"limited_by"` // "compute", "bandwidth", "launch", "latency" or ""
}

// newKernels sums a profile up. The mean time of a kernel counts, and by the peaks
// what it would take at best: for its operations, and for its bytes, the longer of
// which limits it. A kernel over before another could be launched is limited by
// that.
func newKernels(p *device.Profile, peaks *device.Peaks) []kernelJSON {
	kernels, all := []kernelJSON{}, max(float64(p.Total()), 1)
	for _, k := range p.Kernels {
		mean := max(float64(k.Total)/float64(k.Count), 1) // ns
		j := kernelJSON{
			Kernel: k.Kernel, Size: k.Size, Count: k.Count, Total: k.Total.Nanoseconds(), Min: k.Min.Nanoseconds(),
			Share: float64(k.Total) / all, GFLOPS: k.FLOPs / mean, GBps: k.Bytes / mean,
		}
		if peaks != nil {
			compute, bandwidth := j.GFLOPS/peaks.GFLOPS, j.GBps/peaks.GBps
			of := max(compute, bandwidth)
			switch {
			case mean < float64(peaks.Launch):
				j.Limited = byLaunch
			case of < explained:
				j.Limited, j.OfPeak = byLatency, &of
			case compute >= bandwidth:
				j.Limited, j.OfPeak = byCompute, &of
			default:
				j.Limited, j.OfPeak = byBandwidth, &of
			}
		}
		kernels = append(kernels, j)
	}
	return kernels
}

// kernelTable lays kernels out, the one that takes longest first.
func kernelTable(kernels []kernelJSON) string {
	const none = "—"
	rows := [][]string{{"kernel", "size", "limited by", "runs", "ms", "share", "µs each", "GFLOPS", "GB/s", "% peak"}}
	for _, k := range kernels {
		peak, flops := none, none
		if k.OfPeak != nil {
			peak = fmt.Sprintf("%.0f", 100**k.OfPeak)
		}
		if k.GFLOPS > 0 {
			flops = fmt.Sprintf("%.1f", k.GFLOPS)
		}
		limited := k.Limited
		if limited == "" {
			limited = none
		}
		rows = append(rows, []string{
			k.Kernel, k.Size, limited, fmt.Sprint(k.Count), fmt.Sprintf("%.2f", float64(k.Total)/1e6),
			fmt.Sprintf("%.1f%%", 100*k.Share), fmt.Sprintf("%.1f", float64(k.Total)/1e3/float64(k.Count)),
			flops, fmt.Sprintf("%.1f", k.GBps), peak,
		})
	}
	var text strings.Builder
	writeColumns(&text, rows, 3)
	return text.String()
}

// writeProfile writes the trace of train --profile, and prints the table.
func (e *env) writeProfile(path string, t *training) error {
	p, err := device.TakeProfile(t.eng)
	if errors.Is(err, device.ErrNoProfile) {
		e.note("warning: --profile %s: not written: the CPU reference launches no kernels", path)
		return nil
	}
	if err != nil {
		return err
	}
	err = durable.WriteFile(path, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(newTrace(oneLine(t.eng.Info().Name), p))
	})
	switch {
	case p.ClockStopped():
		e.note("warning: --profile %s: %s", path, clockStopped(t.eng.Info(), p))
		return err
	case t.flags.quiet:
		return err
	}
	e.printProfile(p, t)
	if err == nil {
		e.note("trace of the first %d kernels written to %s: open it in chrome://tracing or ui.perfetto.dev", len(p.Runs), path)
	}
	return err
}

// printProfile prints the table of kernels, by the peaks of the device.
func (e *env) printProfile(p *device.Profile, t *training) {
	var kernels []kernelJSON
	peaks, unmeasured := device.MeasurePeaks(t.eng)
	if unmeasured == nil {
		kernels = newKernels(p, &peaks)
	} else {
		kernels = newKernels(p, nil)
	}
	shown := kernels[:min(len(kernels), tableKernels)]
	fmt.Fprint(e.stderr, kernelTable(shown))
	if more := len(kernels) - len(shown); more > 0 {
		e.note("  and %d more, which took less", more)
	}
	if unmeasured != nil {
		e.note("warning: peaks not measured: %v", unmeasured)
	} else {
		e.note("%s", newPeaks(peaks))
	}
	e.note("%s", deviceBusy(p, t.history))
}

// clockStopped says why nothing is told of the times of kernels.
func clockStopped(on device.Info, p *device.Profile) string {
	return fmt.Sprintf("the timestamps of the driver of %s, %s, are of no use: its kernels, one after the other, took %v together, and %v from first to last: update it, or choose another device",
		on.Name, on.Driver, p.Total(), p.Span)
}

// deviceBusy says how much of the time from the first kernel to the last kernels took, and what
// of the rest may have been spent on waiting for examples.
func deviceBusy(p *device.Profile, h *trainer.History) string {
	text := fmt.Sprintf("device busy %.1f%% of %s", 100*p.Total().Seconds()/max(p.Span.Seconds(), 1e-9), duration(p.Span))
	var seconds float64
	for _, epoch := range h.Epochs {
		seconds += epoch.DataSeconds
	}
	if seconds == 0 {
		return text
	}
	host := time.Duration(seconds * float64(time.Second))
	return text + fmt.Sprintf("; getting examples ready took the host %s, of which the device waited %s at most",
		duration(host), duration(max(0, min(host, p.Span-p.Total()))))
}
