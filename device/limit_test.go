package device

import (
	"errors"
	"strconv"
	"testing"
)

func TestLimitMemory(t *testing.T) {
	for text, want := range map[string]int64{
		"": 8 << 30, "100": 100, "100B": 100, "2KB": 2000, "1.5MiB": 3 << 19, "6GiB": 6 << 30, "6GB": 6e9, "1TiB": 8 << 30,
		"x": -1, "0": -1, "-1": -1, "1e3": 1000, "NaN": -1, "Inf": -1, "1e30": -1, "GiB": -1, "1GIB": -1, "1iB": -1, "1 GiB": -1,
	} {
		t.Setenv(EnvMemory, text)
		got, err := limitMemory(8 << 30)
		if want < 0 {
			if err == nil {
				t.Errorf("%q is %d bytes", text, got)
			}
		} else if err != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	t.Setenv(EnvMemory, "100")
	if got, err := limitMemory(0); err != nil || got != 100 { // of a device without a limit of its own
		t.Errorf("%d, %v", got, err)
	}
	if got := newReference().info.TotalMemory; got != 100 {
		t.Errorf("the CPU reference has %d bytes", got)
	}
	t.Setenv(EnvMemory, "much")
	for _, spec := range []string{"auto", "cpuref", "0"} {
		if e, err := Open(spec); !errors.Is(err, ErrEnvironment) {
			t.Errorf("%s with %s=much: %v, %v", spec, EnvMemory, e, err)
		}
	}
}

// What kernels need of their own counts as the engine's, up to its limit, until it is released.
func TestRoomIsCounted(t *testing.T) {
	e, err := OpenWith(strconv.Itoa(quick(t).Index), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	own := e.(*opencl)
	own.common = &common{} // the rank's own all the same
	before := e.Counters().Allocated
	_, release, err := own.set.Allocate(5 << 20)
	if got := e.Counters().Allocated - before; err != nil || got != 5<<20 || own.common == nil {
		t.Fatalf("%d bytes counted, error %v, memory in common %v", got, err, own.common)
	}
	own.common = nil
	release()
	if got := e.Counters().Allocated; got != before {
		t.Errorf("%d bytes are left", got-before)
	}
	own.info.TotalMemory = own.allocated + 100
	var refused *MemoryError
	if _, _, err := own.set.Allocate(101); !errors.As(err, &refused) || refused.Have != 100 {
		t.Errorf("beyond the limit: %v", err)
	}
}
