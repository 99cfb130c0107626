package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/clprop/clprop/device"
)

// checkDevices refuses a list of devices with a gap in it.
func (f *benchFlags) checkDevices() error {
	if len(f.devices) == 0 {
		return fmt.Errorf("--devices: none given: name some, such as 0,cpuref, or all")
	}
	for _, spec := range f.devices {
		switch given := strings.TrimSpace(spec); {
		case given == "":
			return fmt.Errorf("--devices %q: a name is missing: give one on each side of a comma", strings.Join(f.devices, ","))
		case slices.Contains(strings.Split(strings.ReplaceAll(given, " ", ""), "+"), ""):
			return fmt.Errorf("--devices %q: a name is missing: give one on each side of a +", given)
		}
	}
	return nil
}

// groupSpec is a spec of --devices as --device takes it: there + joins devices to a group,
// since commas separate what is measured by itself. In the parts of a device, cpu/3+1, it
// stays.
func groupSpec(spec string) string {
	terms := strings.Split(spec, "+")
	group := terms[0]
	for _, term := range terms[1:] {
		_, err := strconv.Atoi(term)
		if between := ","; err == nil && strings.Contains(group[strings.LastIndex(group, ",")+1:], "/") {
			group += "+" + term // of the parts before it
		} else {
			group += between + term
		}
	}
	return group
}

// devices returns what to open, as device.Open takes it, without the CPU
// reference, which is always measured. That all of no devices is none, or the best of
// them, is no error, but said.
func (b *bench) devices(list []string) ([]string, error) {
	if err := device.CheckEnvironment(); err != nil {
		return nil, err
	}
	var specs []string
	none, find := false, sync.OnceValues(device.List)
	for _, spec := range list {
		spec = strings.TrimSpace(spec)
		name := strings.ToLower(spec)
		if name == "cpuref" || name == device.KindReference {
			continue
		}
		all := name == "all" && len(list) == 1
		listing, err := find()
		switch {
		case err != nil && (all || name == "auto"):
			if !none {
				b.env.note("warning: no OpenCL device: %v; measuring the CPU reference only", err)
			}
			none = true
		case err != nil:
			return nil, fmt.Errorf("--devices %s: %w", spec, err)
		case all:
			for _, d := range listing.Devices {
				specs = append(specs, strconv.Itoa(d.Index))
			}
		case name == "auto":
			specs = append(specs, name)
		default:
			group := groupSpec(spec)
			if err := listing.Check(group, device.Options{Profile: b.kernels}); err != nil {
				return nil, fmt.Errorf("--devices %s: %w", spec, err)
			}
			specs = append(specs, group)
		}
	}
	return specs, nil
}
