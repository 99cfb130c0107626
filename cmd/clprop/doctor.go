package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
)

const doctorLong = `Doctor looks at all that clprop needs of a machine, and says for each thing that is not
as it should be what to do about it: the OpenCL library and drivers, graphics cards that no
driver offers, every device with its limits, the BLAS library of the CPU reference, and
the folder for compiled kernels.

On each device, and on the CPU reference, it compiles every kernel, trains a small network
for a step and compares every operation with the reference in float64. --thorough does so
with every activation, loss, optimizer and regularizer, which takes a minute.

The exit code is 0 if every device works, 1 if one is there and fails, 3 if there is
none. docs/drivers.md tells how to set devices up, by vendor.`

const doctorExample = `  clprop doctor
  clprop doctor --device gpu --thorough
  clprop doctor --json > report.json`

func newDoctorCommand(e *env) *cobra.Command {
	d := doctor{env: e}
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check the devices, drivers and libraries of this machine",
		Long: doctorLong, Example: doctorExample, Args: noArguments,
	}
	cmd.Flags().StringVar(&d.spec, "device", "", "check this device only, as train takes it (default all)")
	cmd.Flags().BoolVar(&d.thorough, "thorough", false, "train networks with everything there is, not one")
	cmd.Flags().BoolVar(&d.asJSON, "json", false, "print a JSON object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := device.CheckEnvironment(); err != nil {
			return err
		}
		result, verdict := d.examine(cmd.Context())
		if err := context.Cause(cmd.Context()); err != nil {
			return err
		}
		if result == nil {
			return verdict
		}
		if d.asJSON {
			return first(e.printJSON(result), verdict)
		}
		return first(d.unprinted, verdict)
	}
	return cmd
}

// doctor is one examination.
type doctor struct {
	*env
	spec      string
	thorough  bool
	asJSON    bool  // findings are printed at the end, and not as they come
	unprinted error // why findings could not be
}

// What a finding comes to.
const (
	doctorOK      = "ok"
	doctorNote    = "note"    // works, and could be better
	doctorWarning = "warning" // something that is there is of no use
	doctorFailed  = "failed"
)

// doctorJSON is what doctor --json prints.
type doctorJSON struct {
	Schema   int           `json:"schema"`
	Version  string        `json:"version"`
	Findings []findingJSON `json:"findings"`
	Devices  []checkedJSON `json:"devices"`
	// Reference is the CPU reference.
	Reference checkJSON `json:"reference"`
	Cache     cacheJSON `json:"cache"`
}

// findingJSON is one thing that was looked at.
type findingJSON struct {
	Check  string `json:"check"`
	Status string `json:"status"`
	Text   string `json:"text"`
	Advice string `json:"advice"` // what to do about it; "" if nothing
}

// checkedJSON is a device and what came of checking it.
type checkedJSON struct {
	foundJSON
	checkJSON
}

type checkJSON struct {
	Status   string   `json:"status"`
	Built    []string `json:"kernels_built"`
	Verified int      `json:"networks_verified"`
	Seconds  float64  `json:"seconds"`
	Error    string   `json:"error"` // with the compiler's whole log; "" if it works

	wrong bool // it computes what is wrong
}

// cacheJSON is the folder for compiled kernels and tunings.
type cacheJSON struct {
	Folder   string `json:"folder"` // "" if nothing is kept
	Writable bool   `json:"writable"`
	Files    int    `json:"files"`
	Bytes    int64  `json:"bytes"`
}

// examine looks at everything. The error is what doctor ends with, beside a result or, for
// a device that there is not, without one.
func (d *doctor) examine(ctx context.Context) (*doctorJSON, error) {
	listing, missing := device.List()
	if missing != nil && !noDevice(missing) {
		return nil, missing
	}
	r := &doctorJSON{Schema: schemaVersion, Version: currentVersion().Version, Devices: []checkedJSON{}}
	library := libraryFinding(listing, missing)
	wanted, reference := listing.Devices, true
	if d.spec != "" && d.spec != "auto" {
		if reference = d.spec == "cpuref"; reference {
			wanted, missing = nil, nil
		} else {
			if missing != nil {
				return nil, fmt.Errorf("device %q: %w", d.spec, missing)
			}
			found, _, err := listing.Find(d.spec)
			if err != nil {
				return nil, err
			}
			wanted = []device.Found{found}
		}
	}
	d.find(r, library)
	d.find(r, driverFindings()...)
	for _, s := range listing.Skipped {
		d.find(r, findingJSON{fmt.Sprintf("platform %d", s.Platform), doctorNote,
			oneLine(s.Name + ": " + s.Reason), skippedAdvice(s)})
	}
	failures := d.devices(ctx, r, wanted, tunedFor(listing))
	d.find(r, cardFindings("/", listing)...)
	r.Reference = checkJSON{Status: doctorNote, Built: []string{}}
	if reference {
		r.Reference = d.check(ctx, "cpuref")
		d.find(r, checkFinding("cpuref", device.OpenReference().Info().Name, r.Reference))
	}
	blas, unusable := blasFinding()
	d.find(r, blas)
	var cache findingJSON
	r.Cache, cache = cacheFinding()
	d.find(r, cache)
	switch {
	case reference && unusable != nil:
		return r, fmt.Errorf("%s: %w", device.EnvBLAS, unusable)
	case r.Reference.wrong:
		return r, errors.New("the CPU reference gives wrong results: set CLPROP_BLAS=off")
	case r.Reference.Status == doctorFailed:
		return r, errors.New("the CPU reference: " + r.Reference.Error)
	case failures > 0:
		return r, fmt.Errorf("%d of %d devices: %w", failures, len(wanted), errDeviceFails)
	}
	return r, missing
}

// errDeviceFails: a device is there and of no use.
var errDeviceFails = errors.New("does not work: update its driver, or choose another with --device")

// devices checks each device.
func (d *doctor) devices(ctx context.Context, r *doctorJSON, wanted []device.Found, tuned [][]string) (failures int) {
	for _, found := range wanted {
		if ctx.Err() != nil {
			return failures
		}
		c := d.check(ctx, fmt.Sprint(found.Index))
		if c.Status == doctorFailed {
			failures++
		}
		r.Devices = append(r.Devices, checkedJSON{foundJSON{found, tuned[found.Index]}, c})
		f := checkFinding(fmt.Sprintf("device %d", found.Index), found.Name, c)
		f.Text += limitsText(found)
		if c.Status == doctorFailed && !found.Compiler {
			f.Advice = "the driver has no compiler for kernels: install the vendor's full driver"
		}
		d.find(r, f)
	}
	return failures
}

// find adds findings. A driver that ends the process, as PoCL does where it has no linker, leaves
// those on the screen that came before.
func (d *doctor) find(r *doctorJSON, found ...findingJSON) {
	r.Findings = append(r.Findings, found...)
	if !d.asJSON {
		d.unprinted = first(d.unprinted, d.print(doctorText(found)))
	}
}

// check opens a device, compiles its kernels and trains on it.
func (d *doctor) check(ctx context.Context, spec string) (c checkJSON) {
	d.note("checking device %s ...", spec)
	began := time.Now()
	c = checkJSON{Status: doctorFailed, Built: []string{}}
	err := func() (err error) {
		eng, err := device.OpenWith(spec, device.Options{Context: ctx})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, eng.Close()) }()
		built, err := device.BuildKernels(eng)
		c.Built = append(c.Built, built...)
		if err != nil {
			return err
		}
		c.Verified, err = trainer.SelfCheck(ctx, eng, d.thorough)
		return err
	}()
	c.Seconds = time.Since(began).Seconds()
	if err == nil {
		c.Status = doctorOK
		return c
	}
	c.Error, c.wrong = err.Error(), errors.Is(err, trainer.ErrDisagree)
	return c
}

// checkFinding is what came of a check, in words.
func checkFinding(check, name string, c checkJSON) findingJSON {
	f := findingJSON{Check: check, Status: c.Status}
	if c.Status == doctorFailed {
		f.Text = clip(oneLine(name+": "+c.Error), 600)
		switch {
		case check != "cpuref":
			f.Advice = "update its driver, or keep off it with --device (docs/drivers.md)"
		case c.wrong:
			f.Advice = blasAdvice
		}
		return f
	}
	kernels := ""
	if len(c.Built) > 0 {
		kernels = fmt.Sprintf("%d kernels compiled, ", len(c.Built))
	}
	f.Text = fmt.Sprintf("%s: %strained and verified %s in %.1f s", oneLine(name), kernels, plural(c.Verified, "network"), c.Seconds)
	return f
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
