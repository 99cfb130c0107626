package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"unicode"

	"github.com/clprop/clprop/device"
)

// schemaVersion is the "schema" of every JSON object that clprop prints. It goes
// up when a field changes its meaning or goes away, not when one is added.
const schemaVersion = 1

// env is what a command may touch of the process: results go to stdout,
// everything else to stderr.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	joined         *joined // nil if this process trains alone
}

// errNoReader: whoever read standard output has ended, as head does.
var errNoReader = errors.New("nobody reads it")

// latch keeps the first error of writing to w, and writes nothing after it.
type latch struct {
	w   io.Writer
	err error
}

func (l *latch) Write(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	n, err := l.w.Write(p)
	if err != nil {
		if errors.Is(err, syscall.EPIPE) {
			err = fmt.Errorf("%w: %w", errNoReader, err)
		}
		l.err = fmt.Errorf("writing standard output: %w", err)
	}
	return n, l.err
}

// note writes a line to stderr, folded if that is a terminal. That it may fail is of no use to
// anyone: there is nowhere else to say so.
func (e *env) note(format string, args ...any) {
	line := oneLine(fmt.Sprintf(format, args...))
	if columns, ok := terminal(e.stderr); ok {
		line = fold(line, columns-1) // a full line would wrap
	}
	fmt.Fprintln(e.stderr, line)
}

// print writes text to stdout.
func (e *env) print(text string) error {
	_, err := io.WriteString(e.stdout, text)
	return err
}

// printJSON writes v to stdout, indented.
func (e *env) printJSON(v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return e.print(string(text) + "\n")
}

// openDevice opens the device that spec names. When that ends on the CPU reference
// without being asked for it, a warning says so, and what happens there: doing is
// a word such as "training".
func (e *env) openDevice(ctx context.Context, spec, doing string) (device.Engine, error) {
	return e.openDeviceWith(spec, doing, device.Options{Context: ctx})
}

func (e *env) openDeviceWith(spec, doing string, options device.Options) (device.Engine, error) {
	eng, err := device.OpenWith(spec, options)
	if err == nil && context.Cause(options.Context) != nil {
		err = eng.Close()
	}
	if err = first(context.Cause(options.Context), err); err != nil {
		return nil, err
	}
	if fallback := eng.Info().Fallback; fallback != nil {
		e.note("warning: no OpenCL device: %v; %s on the CPU reference (slower)", fallback, doing)
	}
	return eng, nil
}

// deviceText says in a few words where work is done, and why there.
func deviceText(info device.Info) string {
	if !info.OpenCL() && len(info.Members) == 0 {
		return fmt.Sprintf("CPU reference (%s, %d cores): %s", info.Name, info.Units, info.Reason)
	}
	tuned := ""
	if info.Tuning == device.TuningTuned {
		tuned = ", tuned"
	}
	return fmt.Sprintf("%s (%s, %s, %d compute units%s): %s",
		oneLine(info.Name), oneLine(info.Platform), info.Kind, info.Units, tuned, info.Reason)
}

// deviceJSON is a device in a result.
type deviceJSON struct {
	Name     string `json:"name"`
	Platform string `json:"platform"`
	Driver   string `json:"driver"`
	Kind     string `json:"kind"`
	Index    int    `json:"index"`
	Units    int    `json:"compute_units"`
	OpenCL   bool   `json:"opencl"`
	Reason   string `json:"reason"`
	// Tuning is where the shapes of the kernels come from, "default", "tuned" or "given",
	// Kernels what they are; "" on the CPU reference.
	Tuning  string `json:"tuning"`
	Kernels string `json:"kernels"`
	// Members are the names of the devices of a group, and Shares how it splits a batch
	// among them, as parts of 1; empty for one device.
	Members []string  `json:"members"`
	Shares  []float64 `json:"shares"`
	// Parallel is how they share the work, "data" or "tensor"; "" for one device.
	Parallel string `json:"parallel"`
	// Fallback is why the CPU reference was used unasked, "" if it was not.
	Fallback string `json:"fallback"`
	// Launches and Calls prove where the work was done.
	Launches int64 `json:"kernel_launches"`
	Calls    int64 `json:"reference_calls"`
	// Moved is the bytes that plans have copied between devices of ParallelTensor.
	Moved int64 `json:"bytes_moved"`
}

func newDeviceJSON(eng device.Engine) deviceJSON {
	info, counters := eng.Info(), eng.Counters()
	d := deviceJSON{
		Name: info.Name, Platform: info.Platform, Driver: info.Driver, Kind: info.Kind,
		Index: info.Index, Units: info.Units, OpenCL: info.OpenCL(), Reason: info.Reason,
		Tuning: info.Tuning, Kernels: info.Kernels,
		Parallel: info.Parallel,
		Launches: counters.Launches, Calls: counters.Calls, Moved: counters.Moved,
	}
	d.Members, d.Shares = []string{}, append([]float64{}, info.Shares...)
	for _, m := range info.Members {
		d.Members = append(d.Members, m.Name)
	}
	if info.Fallback != nil {
		d.Fallback = oneLine(info.Fallback.Error())
	}
	return d
}

// oneLine makes a line of a text that may come from a file or a driver: lines are
// joined, and nothing is left that a terminal would obey.
func oneLine(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && r != ' ' {
			return '�'
		}
		return r
	}, strings.Join(lines, "; "))
}
