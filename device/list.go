package device

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/kernels"
)

// Reasons why there is no OpenCL device, each with its own way out in the message
// that wraps it.
var (
	// ErrNoLibrary: there is no OpenCL loader on the machine.
	ErrNoLibrary = cl.ErrNoLibrary
	// ErrNoPlatform: there is a loader, but no driver is registered with it.
	ErrNoPlatform = errors.New("no OpenCL driver is installed")
	// ErrNoDevice: there are drivers, but none of them has a device.
	ErrNoDevice = errors.New("no OpenCL driver has a device")
	// ErrUnknownDevice: a device was asked for by a name or number that fits none.
	ErrUnknownDevice = errors.New("no such device")
)

// Found is one OpenCL device of the machine.
type Found struct {
	Index     int    `json:"index"`    // position in List, over all platforms
	Platform  int    `json:"platform"` // position of its platform
	Device    int    `json:"device"`   // position within its platform
	Name      string `json:"name"`
	Vendor    string `json:"vendor"`
	On        string `json:"platform_name"`
	Version   string `json:"version"`
	Driver    string `json:"driver"`
	Kind      string `json:"kind"` // "GPU", "accelerator", "CPU" or "other"
	Units     int    `json:"compute_units"`
	ClockMHz  int    `json:"clock_mhz"`
	WorkGroup int    `json:"max_work_group"`
	Vector    int    `json:"native_vector_width_float"`

	TotalMemory   int64 `json:"total_memory"`   // bytes
	MaxAllocation int64 `json:"max_allocation"` // bytes
	LocalMemory   int64 `json:"local_memory"`   // bytes

	Language string `json:"opencl_c"` // version of OpenCL C, as the driver says it
	Compiler bool   `json:"compiler"` // whether it has a compiler, without which there are no kernels

	Kernels kernels.Family `json:"kernels"` // the family that clprop uses on it

	device *cl.Device
	parts  []*cl.Device // of which the engine is to be; nil for the whole device
}

// devices are those of an engine's context.
func (f Found) devices() []*cl.Device {
	if f.parts != nil {
		return f.parts
	}
	return []*cl.Device{f.device}
}

// Skipped is a platform that offers nothing, and why.
type Skipped struct {
	Platform int    `json:"platform"`
	Name     string `json:"name"`
	Reason   string `json:"reason"`
}

// Listing is what List finds.
type Listing struct {
	Devices []Found   `json:"devices"`
	Skipped []Skipped `json:"skipped"`
	// Library is the name or path that OpenCL was loaded under; "" if it was not.
	Library string `json:"library"`
}

// List looks through all platforms. With no device it returns what it saw and an
// error that wraps ErrNoLibrary, ErrNoPlatform or ErrNoDevice.
func List() (*Listing, error) {
	listing := &Listing{Devices: []Found{}, Skipped: []Skipped{}}
	platforms, err := cl.GetPlatforms()
	listing.Library, _ = cl.LibraryName() // GetPlatforms has said why there is none
	switch {
	case errors.Is(err, cl.ErrNoLibrary):
		return listing, fmt.Errorf("%w; install a loader and a driver (Debian: apt-get install ocl-icd-libopencl1 pocl-opencl-icd), "+
			"name the library in CLPROP_OPENCL_LIBRARY, or use --device cpuref", err)
	case errors.Is(err, cl.ErrPlatformNotFound), err == nil && len(platforms) == 0:
		return listing, fmt.Errorf("%w: install your GPU vendor's, or PoCL for the CPU (Debian: apt-get install pocl-opencl-icd), "+
			"check OCL_ICD_VENDORS if it is set, or use --device cpuref", ErrNoPlatform)
	case err != nil:
		return listing, err
	}
	for i, p := range platforms {
		devices, err := p.GetDevices(cl.DeviceTypeAll)
		switch {
		case errors.Is(err, cl.ErrDeviceNotFound), err == nil && len(devices) == 0:
			listing.skip(i, p, "has no device")
		case err != nil:
			listing.skip(i, p, err.Error())
		}
		for j, d := range devices {
			listing.Devices = append(listing.Devices, describe(d, p, len(listing.Devices), i, j))
		}
	}
	if len(listing.Devices) == 0 {
		return listing, fmt.Errorf("%w: %s; check that the device is visible to this user (clinfo -l), or use --device cpuref",
			ErrNoDevice, listing.skippedText())
	}
	return listing, nil
}

func (l *Listing) skip(index int, p *cl.Platform, reason string) {
	l.Skipped = append(l.Skipped, Skipped{index, p.Name(), reason})
}

func (l *Listing) skippedText() string {
	var parts []string
	for _, s := range l.Skipped {
		parts = append(parts, s.Name+" "+s.Reason)
	}
	return strings.Join(parts, ", ")
}

func describe(d *cl.Device, p *cl.Platform, index, platform, position int) Found {
	return Found{
		Index: index, Platform: platform, Device: position,
		Name: strings.TrimSpace(d.Name()), Vendor: d.Vendor(), On: p.Name(),
		Version: d.Version(), Driver: d.DriverVersion(), Kind: kind(d.Type()),
		Units: d.MaxComputeUnits(), ClockMHz: d.MaxClockFrequency(),
		WorkGroup: d.MaxWorkGroupSize(), Vector: d.NativeVectorWidthFloat(),
		TotalMemory: d.GlobalMemSize(), MaxAllocation: d.MaxMemAllocSize(), LocalMemory: d.LocalMemSize(),
		Language: d.OpenCLCVersion(), Compiler: d.Available() && d.CompilerAvailable(),
		Kernels: kernels.DefaultTuning(d).Family, device: d,
	}
}

// kind names a device's type. Simulators claim several at once: what runs on the
// CPU counts as one.
func kind(t cl.DeviceType) string {
	switch {
	case t&cl.DeviceTypeCPU != 0:
		return "CPU"
	case t&cl.DeviceTypeGPU != 0:
		return "GPU"
	case t&cl.DeviceTypeAccelerator != 0:
		return "accelerator"
	}
	return "other"
}

// Ranked returns the devices, the one that "auto" prefers first: GPUs, then
// accelerators, then CPUs; among equals the one with more compute units × clock;
// among those the first listed.
func (l *Listing) Ranked() []Found {
	order := map[string]int{"GPU": 0, "accelerator": 1, "CPU": 2, "other": 3}
	ranked := slices.Clone(l.Devices)
	slices.SortStableFunc(ranked, func(a, b Found) int {
		return cmp.Or(
			cmp.Compare(order[a.Kind], order[b.Kind]),
			cmp.Compare(b.Units*b.ClockMHz, a.Units*a.ClockMHz))
	})
	return ranked
}

// Names writes the devices in one line, for messages.
func (l *Listing) Names() string {
	var parts []string
	for _, d := range l.Devices {
		parts = append(parts, fmt.Sprintf("%d = %s", d.Index, d.Name))
	}
	return strings.Join(parts, ", ")
}

func (f Found) info(reason string) Info {
	return Info{
		Name: f.Name, Platform: f.On, Driver: f.Driver, Kind: f.Kind, Index: f.Index, Units: f.Units,
		TotalMemory: f.TotalMemory, MaxAllocation: f.MaxAllocation, Reason: reason,
	}
}
