package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/clprop/clprop/device"
)

const devicesLong = `Devices lists what there is to train on: every device of every OpenCL platform,
the platforms that have none, and the CPU reference, which is always there.

The first two columns, and any part of the name, are what --device takes. * marks
what "auto" tries first. Memory and the largest allocation are the driver's word. Kernels
is the family that clprop uses there, tuned for how many networks 'clprop tune' has
found shapes of them that train takes now on the whole device.

Several devices train together as --device 0,1 or all, and a part of a CPU device, with so
many of its compute units, is cpu/2; cpu/1x2 is two parts of one unit, which share its memory.

With no OpenCL device it says why and what to do about it. That is an answer and
not a failure: the exit code is 0.`

func newDevicesCommand(e *env) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "devices",
		Short:   "List the devices to train on",
		Long:    devicesLong,
		Example: "  clprop devices\n  clprop devices --json\n  clprop train --device 1:0",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			if err := device.CheckEnvironment(); err != nil {
				return err
			}
			listing, err := device.List()
			if err != nil && !noDevice(err) {
				return err
			}
			if asJSON {
				return e.printJSON(newDevicesJSON(listing, err))
			}
			return e.print(devicesText(listing, tunedFor(listing), err))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

// noDevice reports whether err says that there is no OpenCL device, as against
// that there was no telling.
func noDevice(err error) bool {
	return errors.Is(err, device.ErrNoLibrary) || errors.Is(err, device.ErrNoPlatform) || errors.Is(err, device.ErrNoDevice)
}

// devicesJSON is what devices --json prints.
type devicesJSON struct {
	Schema  int              `json:"schema"`
	Devices []foundJSON      `json:"devices"`
	Skipped []device.Skipped `json:"skipped"`
	// Auto is the device that "auto" tries first: an index, or "cpuref".
	Auto string `json:"auto"`
	// NoDevice is why there is no OpenCL device; "" if there is one.
	NoDevice  string        `json:"no_device"`
	Reference referenceJSON `json:"reference"`
}

// foundJSON is a device with the workloads that it is tuned for, such as "784-512-10 at 128".
type foundJSON struct {
	device.Found
	Tuned []string `json:"tuned"`
}

// tunedFor lists for each device, the whole of it, what it is tuned for. What cannot be read
// is of no use to Open either, and so is not there.
func tunedFor(l *device.Listing) [][]string {
	all := make([][]string, len(l.Devices))
	for i := range l.Devices {
		all[i] = []string{}
		if !device.UsesTuned() {
			continue
		}
		entries, _ := device.ListTuned(l.Devices[i : i+1])
		for _, t := range entries {
			if t.Wrong == nil {
				all[i] = append(all[i], t.Net)
			}
		}
	}
	return all
}

type referenceJSON struct {
	Name  string `json:"name"`
	Cores int    `json:"cores"`
}

func newDevicesJSON(l *device.Listing, err error) devicesJSON {
	d := devicesJSON{
		Schema: schemaVersion, Devices: []foundJSON{}, Skipped: l.Skipped,
		Auto: autoDevice(l), Reference: referenceJSON{"cpuref", runtime.NumCPU()},
	}
	for i, tuned := range tunedFor(l) {
		d.Devices = append(d.Devices, foundJSON{l.Devices[i], tuned})
	}
	if err != nil {
		d.NoDevice = oneLine(err.Error())
	}
	return d
}

// autoDevice is what --device takes for the device that "auto" tries first.
func autoDevice(l *device.Listing) string {
	if ranked := l.Ranked(); len(ranked) > 0 {
		return fmt.Sprint(ranked[0].Index)
	}
	return "cpuref"
}

func devicesText(l *device.Listing, tuned [][]string, err error) string {
	var b strings.Builder
	auto := autoDevice(l)
	mark := func(name string) string {
		if name == auto {
			return "* "
		}
		return "  "
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  index\tat\ttype\tname\tunits\tmemory\tlargest\tkernels\ttuned\tdriver\tplatform")
	for i, d := range l.Devices {
		fmt.Fprintf(w, "%s%d\t%d:%d\t%s\t%s\t%d\t%s\t%s\t%s\t%d\t%s\t%s\n", mark(fmt.Sprint(d.Index)), d.Index,
			d.Platform, d.Device, d.Kind, oneLine(d.Name), d.Units, device.FormatBytes(d.TotalMemory),
			device.FormatBytes(d.MaxAllocation), d.Kernels, len(tuned[i]), oneLine(d.Driver), oneLine(d.On))
	}
	fmt.Fprintf(w, "%scpuref\t\t%s\tCPU reference\t%d\t\t\t\t\t\t\n", mark("cpuref"), device.KindReference, runtime.NumCPU())
	w.Flush() // to a strings.Builder, which does not fail
	table := b.String()
	b.Reset()
	for line := range strings.Lines(table) {
		fmt.Fprintln(&b, strings.TrimRight(line, " \n"))
	}
	for _, s := range l.Skipped {
		fmt.Fprintf(&b, "skipped: platform %d, %s: %s\n", s.Platform, oneLine(s.Name), oneLine(s.Reason))
	}
	if err != nil {
		fmt.Fprintln(&b, oneLine(err.Error()))
	}
	return b.String()
}
