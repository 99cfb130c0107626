package device_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/enginetest"
	"github.com/clprop/clprop/kernels"
)

func TestReferenceConforms(t *testing.T) {
	for _, blas := range []string{"", "off"} { // a library of the machine, and gonum
		t.Setenv(device.EnvBLAS, blas)
		e := device.OpenReference()
		t.Run(e.Info().Name, func(t *testing.T) {
			defer e.Close()
			enginetest.Run(t, e, enginetest.Options{
				Another: func() (device.Engine, error) { return device.OpenReference(), nil },
			})
		})
	}
}

// TestOpenCLConforms runs the suite on every device of the machine, with the
// kernels for CPUs and with those for GPUs. PoCL takes minutes to compile all of the latter
// for a CPU: there the sizes are those below a large tile, and the products in a large one.
// In the simulator, which package kernels runs every kernel in, they are the products.
func TestOpenCLConforms(t *testing.T) {
	listing, err := device.List()
	if err != nil {
		cltest.Missing(t, err)
	}
	for _, found := range listing.Devices {
		for _, family := range []kernels.Family{kernels.Block, kernels.Tile} {
			t.Run(fmt.Sprintf("%s/%s", found.Name, family), func(t *testing.T) {
				conform(t, found, family)
			})
		}
	}
}

func conform(t *testing.T, found device.Found, family kernels.Family) {
	open := func() (device.Engine, error) {
		return device.OpenWith(strconv.Itoa(found.Index), device.Options{Family: family})
	}
	e, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	tile, simulated := family == kernels.Tile, cltest.Slow(found.Name)
	slow := tile && strings.HasPrefix(found.Name, "pthread")
	enginetest.Run(t, e, enginetest.Options{Small: slow || simulated, Products: tile && simulated, Another: open})
	if slow {
		t.Run("Products", func(t *testing.T) { enginetest.Run(t, e, enginetest.Options{Products: true}) })
	}
}

// TestCandidatesConform runs the suite's products with every kernel that Tune may choose:
// those for CPUs on the first device that is not simulated, PoCL, and those for GPUs on the
// last one, whose compiler takes a tenth of the time for them.
func TestCandidatesConform(t *testing.T) {
	listing, err := device.List()
	if err != nil {
		cltest.Missing(t, err)
	}
	devices := slices.DeleteFunc(listing.Devices, func(f device.Found) bool { return cltest.Slow(f.Name) })
	if len(devices) == 0 {
		cltest.Missing(t, errors.New("only simulated devices"))
	}
	for _, c := range []struct {
		family kernels.Family
		found  device.Found
	}{{kernels.Block, devices[0]}, {kernels.Tile, devices[len(devices)-1]}} {
		// one engine, so that what does not depend on the shape is compiled once
		e, err := device.OpenWith(strconv.Itoa(c.found.Index), device.Options{Family: c.family})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		all := device.TuneChoices(c.found, c.family)
		if len(all) < 12 {
			t.Errorf("%s: %d kernels to choose from", c.family, len(all))
		}
		for _, tuning := range all {
			device.Retune(e, tuning)
			t.Run(tuning.String(), func(t *testing.T) { enginetest.Run(t, e, enginetest.Options{Products: true}) })
		}
	}
}

// TestRequiredDevices makes sure that in CI the suite ran on the devices that the
// project promises, not on whatever happened to be there.
func TestRequiredDevices(t *testing.T) {
	if os.Getenv(cltest.EnvRequire) != "1" {
		t.Skipf("%s is not 1", cltest.EnvRequire)
	}
	listing, err := device.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pthread", "llvmpipe", "oclgrind"} {
		if _, _, err := listing.Find(name); errors.Is(err, device.ErrUnknownDevice) {
			t.Errorf("no %s among the devices: %s", name, listing.Names())
		}
	}
}
