package device_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/enginetest"
)

// references are n CPU references, as one engine.
func references(n int, shares ...float64) func() (device.Engine, error) {
	return func() (device.Engine, error) {
		var members []device.Engine
		for range n {
			members = append(members, device.OpenReference())
		}
		return device.NewGroup(members, shares)
	}
}

func opened(spec string) func() (device.Engine, error) {
	return func() (device.Engine, error) { return device.Open(spec) }
}

// conforming is an engine of several, opened anew by each call of open.
type conforming struct {
	name  string
	open  func() (device.Engine, error)
	small bool // for the compiler's sake: the operations are those of the members
}

// conformAll runs the suite of engines on each.
func conformAll(t *testing.T, engines ...conforming) {
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	for _, c := range engines {
		t.Run(c.name, func(t *testing.T) {
			e, err := c.open()
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			enginetest.Run(t, e, enginetest.Options{Small: c.small, Another: c.open})
		})
	}
}

// A group is an engine like another: also with more members than rows, with shares that are
// not even, on parts of a device, and on devices that are not alike.
func TestGroupConforms(t *testing.T) {
	conformAll(t,
		conforming{"two references", references(2), false},
		conforming{"five references", references(5, 1, 0.1, 2, 3, 0.5), true},
		conforming{"parts with memories of their own", opened("pthread/1,pthread/1"), true},
		conforming{"part and reference", opened("pthread/1,cpuref"), true},
	)
}

// A group of one is that engine.
func TestGroupOfOne(t *testing.T) {
	e := device.OpenReference()
	defer e.Close()
	if g, err := device.NewGroup([]device.Engine{e}, []float64{7}); err != nil || g != e {
		t.Errorf("%v, %v", g, err)
	}
}

func TestGroupIsRefused(t *testing.T) {
	two := []device.Engine{device.OpenReference(), device.OpenReference()}
	for _, shares := range [][]float64{{1}, {1, 0}, {1, -1}, {math.NaN(), 1}, {math.Inf(1), 1}, {1, 1, 1}} {
		if g, err := device.NewGroup(two, shares); err == nil {
			t.Errorf("%v: %v", shares, g.Info().Name)
		}
	}
	if _, err := device.NewGroup(nil, nil); err == nil {
		t.Error("a group of none")
	}
	for _, spec := range []string{"cpuref,cpuref", "nothing,cpuref", "cpuref,", "auto,cpuref", "pthread/999"} {
		if g, err := device.Open(spec); err == nil {
			t.Errorf("%q is %v", spec, g.Info().Name)
		}
	}
	if _, err := device.OpenWith("cpuref,cpu/1", device.Options{Profile: true}); err == nil {
		t.Error("a profile of two devices")
	}
	if _, err := device.Drop(two[0]); !errors.Is(err, device.ErrNotDropped) {
		t.Errorf("dropping a device that is no group: %v", err)
	}
}

// Every member does its share, by the counters, and the group says what it is.
func TestGroupSharesWork(t *testing.T) {
	members := []device.Engine{device.OpenReference(), device.OpenReference(), device.OpenReference()}
	g, err := device.NewGroup(members, []float64{2, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	m, err := g.NewMatrix(9, 2)
	if err != nil {
		t.Fatal(err)
	}
	// 2:1:1 of 9 rows end at 4.5, 6.75 and 9, the first two rounded to even rows: 4, 2 and 3 rows.
	var held []int64
	for _, e := range members {
		held = append(held, e.Counters().Allocated/8)
	}
	if !slices.Equal(held, []int64{4, 2, 3}) {
		t.Errorf("members hold %v rows", held)
	}
	p, err := g.Prepare(device.Activate{Act: device.Tanh, Z: m, A: m}, device.Activate{Act: device.Tanh, Z: m.Head(6), A: m.Head(6)})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	for k, want := range []int64{2, 2, 1} { // the last has none of the first 6 rows
		if got := members[k].Counters().Calls; got != want {
			t.Errorf("member %d made %d calls, want %d", k, got, want)
		}
	}
	i := g.Info()
	if len(i.Members) != 3 || !slices.Equal(i.Shares, []float64{0.5, 0.25, 0.25}) || i.OpenCL() {
		t.Errorf("%+v", i)
	}
}

// A Sizing counts the copies of a set that the group itself owns, which Gather reads on every member,
// once for all plans, as the group then takes them.
func TestGroupSizingOfGather(t *testing.T) {
	g, err := references(2)()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	const rows, cols = 100, 5
	set, err := g.NewMatrix(rows, cols)
	if err != nil {
		t.Fatal(err)
	}
	index, err := g.NewIndex(rows)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range []device.Engine{g.Sizing(), g} { // once the group has copies, a Sizing needs none
		name := []string{"sizing", "group"}[i]
		batch, err := e.NewMatrix(10, cols)
		if err != nil {
			t.Fatal(err)
		}
		before := e.Counters().Allocated
		for range 2 {
			if _, err := e.Prepare(device.Gather{Src: set, Index: index, From: device.NewScalar(0), Dst: batch}); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := e.Counters().Allocated-before, int64(2*4*rows*cols); got != want {
			t.Errorf("%s: two plans take %d bytes, want %d for a copy on each of two members", name, got, want)
		}
	}
}
