package device_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/enginetest"
	"github.com/clprop/clprop/kernels"
)

// Parts of a device are an engine like another, with the kernels for CPUs and with those for
// GPUs, also where they are not of one size.
func TestPartsConform(t *testing.T) {
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	for _, family := range []kernels.Family{kernels.Block, kernels.Tile} {
		t.Run(string(family), func(t *testing.T) {
			open := func() (device.Engine, error) {
				return device.OpenWith("pthread/1x2", device.Options{Family: family})
			}
			e, err := open()
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			if i := e.Info(); i.Units != 2 || len(i.Members) != 0 || !strings.HasSuffix(i.Name, " part 1/1 of 1x2 units") {
				t.Errorf("%+v", i)
			}
			// The compiler takes minutes for all kernels for GPUs on a CPU.
			tile := family == kernels.Tile
			enginetest.Run(t, e, enginetest.Options{Small: !tile, Products: tile, Another: open})
		})
	}
}

// A device is cut once: parts in terms of their own are other compute units, and all can
// be opened again when they were closed.
func TestPartsAreCutOnce(t *testing.T) {
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	for range 2 {
		e, err := device.Open("pthread/1,pthread/1")
		if err != nil {
			t.Fatal(err)
		}
		i := e.Info()
		if i.Units != 2 || len(i.Members) != 2 || i.Members[0].Name == i.Members[1].Name {
			t.Errorf("%+v", i)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	listing, err := device.List()
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := listing.Find("pthread")
	if err != nil {
		t.Skip(err)
	}
	for _, spec := range []string{"pthread/99999", "pthread/1,pthread/99999", "nothing/1", "/1", "pthread/1, /1"} {
		if e, err := device.Open(spec); err == nil {
			t.Errorf("%q of %d units is %s", spec, found.Units, e.Info().Name)
		}
	}
	for spec, good := range map[string]bool{"pthread": true, "pthread/1x2": true, "cpuref,pthread/1": true, "all": true, "pthread,pthread/1": true,
		"nothing/1": false, "pthread,nothing": false, "cpuref/1": false, "/1": false, "pthread/1,/1": false, "pthread,pthread": false,
		"cpuref,reference": false, "pthread/99999": false, "pthread/99998,pthread/1": false, "pthread,": false, "pthread,auto": false} {
		if err := listing.Check(spec, device.Options{}); (err == nil) != good {
			t.Errorf("%q: %v", spec, err)
		}
	}
	for _, spec := range []string{"pthread/1", "pthread,cpuref", "all"} {
		_, opened := device.OpenWith(spec, device.Options{Profile: true})
		if err := listing.Check(spec, device.Options{Profile: true}); !errors.Is(err, device.ErrProfile) || !errors.Is(opened, device.ErrProfile) {
			t.Errorf("a profile of %q: %v; %v", spec, err, opened)
		}
	}
}
