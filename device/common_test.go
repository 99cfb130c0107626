package device_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/enginetest"
)

// onOneMemory runs a body for each of n ranks at the same time, on the CPU of OpenCL, which
// they share the memory of.
func onOneMemory(t *testing.T, n int, body func(e *device.Ranked)) {
	t.Helper()
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	onRanks(t, n, func() (device.Engine, error) { return device.Open("pthread") }, func(e *device.Ranked) {
		if err := e.ShareMemory(); err != nil {
			t.Error(err)
			return
		}
		body(e)
	})
}

// Ranks on one memory are an engine like another, all of them at once.
func TestRanksOnOneMemoryConform(t *testing.T) {
	onOneMemory(t, 2, func(e *device.Ranked) {
		t.Run(fmt.Sprintf("rank %d", e.Rank()), func(t *testing.T) {
			enginetest.Run(t, e, enginetest.Options{Small: true, Another: func() (device.Engine, error) { return device.Open("pthread") }})
		})
	})
}

// Each rank has all examples, and what Local makes is its own: the others take no part in it.
func TestRanksOnOneMemory(t *testing.T) {
	onOneMemory(t, 2, func(e *device.Ranked) {
		fail := func(err error) bool {
			if err != nil {
				t.Errorf("rank %d: %v", e.Rank(), err)
			}
			return err != nil
		}
		if from, rows := e.Share(7); from != 0 || rows != 7 {
			t.Errorf("rank %d: %d of 7 examples from %d on", e.Rank(), rows, from)
		}
		theta, err := e.NewParameters(wide)
		if fail(err) {
			return
		}
		weights, bias := make([]float32, 15), make([]float32, 5)
		if e.Rank() == 0 { // reading takes no other rank
			weights[0] = 1
			if fail(e.ReadParameters(weights, bias, theta, 0)) || weights[0] != 0 {
				t.Errorf("new parameters are %v", weights)
			}
		}
		own, err := e.Local().NewMatrix(1, 3)
		if fail(err) || fail(e.Write(own, 0, []float32{float32(e.Rank()), 2, 3})) {
			return
		}
		if e.Rank() == 1 {
			transfer, err := e.Upload(own, []float32{7, 8, 9})
			if fail(err) || fail(transfer.Wait()) {
				return
			}
		}
		if _, err := e.Agree(0); fail(err) {
			return
		}
		got := make([]float32, 3)
		want := [][]float32{{0, 2, 3}, {7, 8, 9}}[e.Rank()]
		if fail(e.Read(got, own, 0)) || !slices.Equal(got, want) {
			t.Errorf("rank %d: its own matrix is %v, want %v", e.Rank(), got, want)
		}
	})
}

// apart gives each rank memory of its own, as a driver that copies would.
type apart struct{ device.Sharer }

func (a apart) Share(size int) ([]byte, func() error, error) {
	_, release, err := a.Sharer.Share(size)
	return make([]byte, size), release, err
}

// Where ranks cannot share memory all are told, with the reason of the one that cannot, and
// sums go on as before.
func TestRanksKeepTheirMemory(t *testing.T) {
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	for what, c := range map[string]struct {
		specs [2]string
		says  string
	}{
		"no device":      {[2]string{"cpuref", "cpuref"}, "is not one OpenCL device"},
		"one without":    {[2]string{"pthread", "cpuref"}, "rank 1 has another kind of device"},
		"parts":          {[2]string{"pthread/1x2", "pthread/1x2"}, "parts of a device"},
		"another device": {[2]string{"pthread", "pthread/1"}, "rank 1 has another"},
		"a copy":         {[2]string{"pthread", "pthread"}, "copies the memory"},
	} {
		t.Run(what, func(t *testing.T) {
			var all sync.WaitGroup
			for r, comm := range enginetest.Ranks(2) {
				local, err := device.Open(c.specs[r])
				if err != nil {
					t.Fatal(err)
				}
				defer local.Close()
				all.Go(func() {
					if what == "a copy" {
						comm = apart{comm.(device.Sharer)}
					}
					e := device.NewRanked(local, comm)
					err := e.ShareMemory()
					if !errors.Is(err, device.ErrOwnMemory) || r == 0 && !strings.Contains(err.Error(), c.says) || e.SharesMemory() {
						t.Errorf("rank %d: %v, want %q", r, err, c.says)
					}
					if _, rows := e.Share(2); rows != 1 && rows != 2-2*r {
						t.Errorf("rank %d: %d of 2 examples", r, rows)
					}
				})
			}
			all.Wait()
		})
	}
}

// partedFrom is a rank that at some time no longer reaches the others.
type partedFrom struct {
	device.Sharer
	parted bool
}

func (p *partedFrom) Together(work func(meet func() error) error) error {
	if p.parted {
		return work(func() error { return errBroken })
	}
	return p.Sharer.Together(work)
}

// When the others cannot be reached that is the error, and not that the device is lost.
func TestRankOnOneMemoryParts(t *testing.T) {
	local, err := device.Open("pthread")
	if err != nil {
		cltest.Missing(t, err)
	}
	defer local.Close()
	comm := &partedFrom{Sharer: enginetest.Ranks(1)[0].(device.Sharer)}
	e := device.NewRanked(local, comm)
	if err := e.ShareMemory(); err != nil {
		t.Fatal(err)
	}
	p, err := e.NewParameters(narrow)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := e.Prepare(device.Gradient{Sum: p, Theta: p, M: 1, Lambda: 1, Grad: p})
	if err != nil {
		t.Fatal(err)
	}
	comm.parted = true
	if err := plan.Run(); !errors.Is(err, errBroken) || errors.Is(err, device.ErrLost) {
		t.Errorf("run: %v", err)
	}
	if err := e.Sync(); err != nil {
		t.Errorf("the device: %v", err)
	}
}
