package device_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
)

// columnsOf are the members of a spec, or so many CPU references for "", which split layers
// by columns with at least so many units each.
func columnsOf(spec string, n, least int) func() (device.Engine, error) {
	return func() (device.Engine, error) {
		members := make([]device.Engine, n)
		for d := range members {
			members[d] = device.OpenReference()
		}
		if spec != "" {
			var err error
			if members, err = device.OpenMembers(spec); err != nil {
				return nil, err
			}
		}
		return device.NewColumns(members, least)
	}
}

// Layers split by columns are an engine like another: down to a unit each, with ranges of 16
// as vectors are, with layers that one member has, on parts of a device, and on devices that
// are not alike. What does not split a layer, and what members that hold nothing do, is among
// the suite's ragged shapes.
func TestColumnsConform(t *testing.T) {
	conformAll(t,
		conforming{"two references", columnsOf("", 2, 1), false},
		conforming{"three references in ranges", columnsOf("", 3, 16), true},
		conforming{"two references, narrow", columnsOf("", 2, 0), true},
		conforming{"parts with memories of their own", columnsOf("pthread/1,pthread/1", 0, 1), true},
		conforming{"part and reference", columnsOf("pthread/1,cpuref", 0, 5), true},
	)
}

func TestColumnsAreRefused(t *testing.T) {
	two := []device.Engine{device.OpenReference(), device.OpenReference()}
	if _, err := device.NewColumns(nil, 0); err == nil {
		t.Error("columns of none")
	}
	if _, err := device.NewColumns(two, -1); err == nil {
		t.Error("−1 units")
	}
	if e, err := device.NewColumns(two[:1], 7); err != nil || e != two[0] {
		t.Errorf("one member: %v, %v", e, err)
	}
	if _, err := device.ByColumns(two[0]); err == nil || !strings.Contains(err.Error(), "--device 0,1") {
		t.Errorf("one device by columns: %v", err)
	}
	g, err := device.NewGroup(two, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := g.NewMatrix(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := device.ByColumns(g); err == nil {
		t.Error("a group that holds a matrix")
	}
	m.Release()
	e, err := device.ByColumns(g)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := g.NewMatrix(1, 1); err == nil {
		t.Error("the group still works")
	}
	if i := e.Info(); i.Parallel != device.ParallelTensor || len(i.Members) != 2 || i.Shares != nil || i.OpenCL() {
		t.Errorf("%+v", i)
	}
}

// Each member has its columns of a layer, in ranges that begin at multiples of 16, and of a
// narrow layer the first has all; each does its work of a step, by the counters.
func TestColumnsShareWork(t *testing.T) {
	members := []device.Engine{device.OpenReference(), device.OpenReference(), device.OpenReference()}
	e, err := device.NewColumns(members, 20)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	// 100 units end at 33⅓, 66⅔ and 100, the first two rounded down to 32 and 64; 59 are one
	// less than three times 20.
	p, err := e.NewParameters([]device.Shape{{In: 5, Out: 100}, {In: 100, Out: 59}})
	if err != nil {
		t.Fatal(err)
	}
	held := []int64{}
	for _, m := range members {
		held = append(held, m.Counters().Allocated/4)
	}
	if want := []int64{32*6 + 59*101, 32 * 6, 36 * 6}; !slices.Equal(held, want) {
		t.Errorf("members hold %v floats, want %v", held, want)
	}
	x, _ := e.NewMatrix(4, 5)
	a, err := e.NewMatrix(4, 100)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := e.Prepare(device.Forward{Act: device.Tanh, A: x, Theta: p, Out: a})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Run(); err != nil {
		t.Fatal(err)
	}
	for d, m := range members {
		if m.Counters().Calls != 1 {
			t.Errorf("member %d made %d calls", d, m.Counters().Calls)
		}
	}
	if moved := e.Counters().Moved; moved != 0 {
		t.Errorf("%d bytes moved, nothing needs the columns of others", moved)
	}
}
