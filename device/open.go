package device

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clprop/clprop/kernels"
)

// EnvDevice is the environment variable that names the device when Open is given "".
const EnvDevice = "CLPROP_DEVICE"

// Options change how Open opens a device; the zero value is right for training.
type Options struct {
	// Family forces the kernels for CPUs (kernels.Block) or for GPUs (kernels.Tile);
	// "" chooses by the device.
	Family kernels.Family
	// Workload is what the engine is for. If Tune has found shapes of kernels for it on
	// the device, and they pass a quick check now, the engine takes them; Info().Tuning
	// tells.
	Workload Workload
	// Tuning, if not nil, is the shapes of kernels to take, whatever Family and Workload
	// say. One that the device cannot have is an error that wraps kernels.ErrTuning.
	Tuning *kernels.Tuning
	// Shares says how the rows of a batch are split among several devices, a number above 0
	// for each; nil means by measured speed, and evenly where they are alike.
	Shares []float64
	// Unfused runs every operation of a plan by itself, to test and measure what
	// joining them does.
	Unfused bool
	// Eager does at the first run of a plan what pays over many, to measure and test it.
	Eager bool
	// WaitTimeout is how long a wait for the device may take before it is lost, with
	// a *LostError; 0 means what CLPROP_WAIT_TIMEOUT says, or else a minute, and below
	// 0 means no limit.
	WaitTimeout time.Duration
	// Context, if not nil, is how long the engine is wanted for. When it has ended Prepare
	// returns its cause, since the kernels of a plan may take seconds to compile, and Close
	// leaves out what is for the next process. What is prepared works as before.
	Context context.Context
	// Profile keeps the time of every kernel, for TakeProfile. It makes launches
	// slower.
	Profile bool
}

// Open opens the device that spec names:
//
//	""           what CLPROP_DEVICE says, or else "auto"
//	auto         the best OpenCL device that works; without one, the CPU reference
//	cpuref       the CPU reference
//	gpu, cpu, accelerator
//	             the best OpenCL device of that kind
//	2            the device with that Index in List
//	1:0          platform and device by position
//	anything     the best OpenCL device with that text in its name or its platform's,
//	             case ignored
//	cpu/2        a part of a device with so many compute units; cpu/1x2 and cpu/3+1 are
//	             several parts, which share its memory and divide each launch
//	0,1          several devices as one engine, see NewGroup
//	all          every OpenCL device, as one engine
//
// Only "auto" falls back, and then Info().Fallback says why: show it to the user.
// Any other spec that cannot be met is an error that lists what there is. Where a variable of
// CheckEnvironment cannot be read, the error wraps ErrEnvironment, whatever the device.
func Open(spec string) (Engine, error) { return OpenWith(spec, Options{}) }

// ErrEnvironment is wrapped by errors about a variable of the environment that says what cannot
// be meant.
var ErrEnvironment = errors.New("the environment says what cannot be meant")

// CheckEnvironment returns the error that Open has for EnvWaitTimeout, EnvMemory and the switches
// EnvTune, kernels.EnvCache and kernels.EnvAMX, by which every engine goes; nil if they can be read.
// Open looks at them once, before any device, and those who open one after the other should do so
// too: else each would be taken for a bad one.
func CheckEnvironment() error {
	for _, name := range []string{kernels.EnvCache, EnvTune, kernels.EnvAMX} {
		if _, err := kernels.SwitchedOff(name); err != nil {
			return fmt.Errorf("%w: %w", ErrEnvironment, err)
		}
	}
	_, err := patience()
	if err == nil {
		_, err = limitMemory(0)
	}
	return err
}

// OpenWith is Open with options.
func OpenWith(spec string, options Options) (Engine, error) {
	if err := CheckEnvironment(); err != nil {
		return nil, err
	}
	if spec == "" {
		spec = os.Getenv(EnvDevice)
	}
	switch strings.ToLower(strings.TrimSpace(spec)) {
	case "", "auto":
		return openBest(options)
	case "cpuref", KindReference:
		e := newReference()
		e.info.Reason = "asked for"
		return e.opened()
	}
	listing, err := List()
	if err != nil {
		err = fmt.Errorf("device %q: %w", spec, err)
	} else {
		var found Found
		var reason string
		if found, reason, err = listing.Find(spec); err == nil {
			return found.open(reason, options)
		}
	}
	if isGroup(spec) { // which no device has for a name
		return openGroup(spec, options)
	}
	return nil, err
}

func openBest(options Options) (Engine, error) {
	listing, err := List()
	e := firstOf(listing, err, func(f Found) (Engine, error) { return f.open("the best that works", options) })
	if r, ok := e.(*reference); ok {
		return r.opened()
	}
	return e, nil
}

// firstOf returns the first device in order of rank that open can open, or else the
// CPU reference with the reasons in Info().Fallback.
func firstOf(listing *Listing, err error, open func(Found) (Engine, error)) Engine {
	var failures []error
	if err != nil {
		failures = append(failures, err)
	}
	for _, found := range listing.Ranked() {
		e, err := open(found)
		if err == nil {
			return e
		}
		failures = append(failures, err)
	}
	e := newReference()
	e.info.Reason = "fallback"
	e.info.Fallback = errors.Join(failures...)
	return e
}

func (f Found) open(reason string, options Options) (Engine, error) {
	base := f.defaultTuning(options.Family)
	tuning, origin := base, TuningDefault
	if options.Tuning != nil {
		tuning, origin = *options.Tuning, TuningGiven
		if err := tuning.Check(f.device); err != nil {
			return nil, fmt.Errorf("open %s: %w", f.Name, err)
		}
	} else if kept, ok := loadTuned(f.device, base.Family, options.Workload); ok {
		tuning, origin = kept, TuningTuned
	}
	e, err := openDevice(f.devices(), f.info(reason), tuning)
	if origin == TuningTuned && (err != nil || trusted(e, options.Workload) != nil) {
		var closed error
		if err == nil {
			closed = e.Close()
		}
		tuning, origin = base, TuningDefault // which fails too if the fault is the device's
		if e, err = openDevice(f.devices(), f.info(reason), tuning); err != nil {
			err = errors.Join(err, closed)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w; update its driver, choose another device (clprop devices), or use --device cpuref", err)
	}
	e.info.Tuning, e.info.Kernels = origin, tuning.String()
	e.unfused, e.eager = options.Unfused, options.Eager
	if options.Context != nil {
		e.wanted = options.Context
	}
	if options.WaitTimeout != 0 {
		e.patience = max(options.WaitTimeout, 0)
	}
	if options.Profile {
		if err := e.startProfile(f.device); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	return e, nil
}

// defaultTuning is the shape of kernels untuned, of a family or, for "", of the device's.
func (f Found) defaultTuning(family kernels.Family) kernels.Tuning {
	switch family {
	case kernels.Block:
		return kernels.BlockTuning(f.device)
	case kernels.Tile:
		return kernels.TileTuning(f.device)
	}
	return kernels.DefaultTuning(f.device)
}

// Find returns the device that spec names, as Open takes it, and why it fits.
func (l *Listing) Find(spec string) (Found, string, error) {
	ranked := l.Ranked()
	match := func(ok func(Found) bool) (Found, bool) {
		i := slices.IndexFunc(ranked, ok)
		if i < 0 {
			return Found{}, false
		}
		return ranked[i], true
	}
	text := strings.ToLower(strings.TrimSpace(spec))
	if text == "" { // which every name has in it
		return Found{}, "", l.unknown(spec)
	}
	if n, err := strconv.Atoi(text); err == nil {
		if f, ok := match(func(f Found) bool { return f.Index == n }); ok {
			return f, "asked for by index", nil
		}
		return Found{}, "", l.unknown(spec)
	}
	if platform, device, ok := position(text); ok {
		if f, ok := match(func(f Found) bool { return f.Platform == platform && f.Device == device }); ok {
			return f, "asked for by platform and device", nil
		}
		return Found{}, "", l.unknown(spec)
	}
	if f, ok := match(func(f Found) bool { return strings.ToLower(f.Kind) == text }); ok {
		return f, "the best of its kind", nil
	}
	if f, ok := match(func(f Found) bool {
		return strings.Contains(strings.ToLower(f.Name), text) || strings.Contains(strings.ToLower(f.On), text)
	}); ok {
		return f, "asked for by name", nil
	}
	return Found{}, "", l.unknown(spec)
}

// position reads "platform:device".
func position(text string) (platform, device int, ok bool) {
	p, d, found := strings.Cut(text, ":")
	platform, err1 := strconv.Atoi(p)
	device, err2 := strconv.Atoi(d)
	return platform, device, found && err1 == nil && err2 == nil
}

func (l *Listing) unknown(spec string) error {
	return fmt.Errorf("device %q: %w: have %s, cpuref, auto", spec, ErrUnknownDevice, l.Names())
}
