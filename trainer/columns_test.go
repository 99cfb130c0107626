package trainer

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/enginetest"
)

// referenceColumns are n CPU references that split layers by columns, of least units each at
// least; other ones than those of a name that is given, so that they are not alike.
func referenceColumns(t *testing.T, n, least int, other string) device.Engine {
	t.Helper()
	var members []device.Engine
	for d := range n {
		members = append(members, device.OpenReference())
		if d > 0 && other != "" {
			info := members[d].Info()
			info.Name = other
			members[d] = &recorder{Engine: members[d], info: &info}
		}
	}
	e, err := device.NewColumns(members, least)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// 20 steps of layers split by columns are those of one device to rounding, dropout, clipping
// and moments among them, streamed or not, whole or in parts; and the same bits each time.
// With 2 units at least three devices split 6-9-4's hidden layer alone. The bound is that of
// TestGroupTrainsAsOne.
func TestColumnsTrainAsOne(t *testing.T) {
	const bound = 20 * 2e-5
	set := randomSet(1, 23, 6, 4)
	for _, resident := range []Resident{ResidentYes, ResidentNo} {
		for _, part := range []int{0, 3} {
			change := func(c *Config) { c.Resident, c.MicroBatch = resident, part }
			want, one := groupFit(t, device.OpenReference(), set, change)
			for n, least := range map[int]int{2: 1, 3: 2} {
				got, many := groupFit(t, referenceColumns(t, n, least, ""), set, change)
				if d := distance(got.Layers, newOracle(want).theta); !(d <= bound) {
					t.Errorf("%s, parts of %d, %d devices: weights are %.1e off", resident, part, n, d)
				}
				a, b := one.Last(), many.Last()
				if d := a.Loss - b.Loss; !(d <= bound*a.Loss && -d <= bound*a.Loss) || a.Accuracy != b.Accuracy || !(b.ValLoss > 0) {
					t.Errorf("%s, parts of %d, %d devices: %+v, one device %+v", resident, part, n, b, a)
				}
				again, _ := groupFit(t, referenceColumns(t, n, least, ""), set, change)
				if !sameBits(again, got) {
					t.Errorf("%s, parts of %d, %d devices: other bits again", resident, part, n)
				}
			}
		}
	}
}

// columnsFit trains two epochs of 4 steps, and closes eng.
func columnsFit(t *testing.T, eng device.Engine, n NetworkConfig, c Config) *Network {
	t.Helper()
	defer eng.Close()
	n.Seed = 3
	net := newNetwork(t, n)
	c.Epochs, c.BatchSize, c.Rate, c.Seed = 2, 6, 0.05, 4
	if _, err := open(t, net, eng).Fit(context.Background(), randomSet(1, 23, n.Sizes[0], n.Sizes[len(n.Sizes)-1]), nil, c); err != nil {
		t.Fatal(err)
	}
	return net
}

// columnsCases go ways of their own: normalisations, of which every device has all units, z
// that is kept, all optimizers, narrow layers between wide ones, and devices that are not
// alike, to which these are not the same.
var columnsCases = map[string]struct {
	net    NetworkConfig
	config Config
	whole  bool // δ is, see device.StepTraffic
	z      bool // is kept
}{
	"plain":      {net: NetworkConfig{Sizes: []int{5, 9, 7, 4}}},
	"no hidden":  {net: NetworkConfig{Sizes: []int{5, 4}}},
	"batch norm": {net: NetworkConfig{Sizes: []int{5, 9, 7, 4}, Norm: BatchNorm}, whole: true},
	"layer norm": {net: NetworkConfig{Sizes: []int{5, 9, 4}, Norm: LayerNorm, Hidden: device.GELU}, whole: true},
	"gelu":       {net: NetworkConfig{Sizes: []int{5, 9, 7, 4}, Hidden: device.GELU}, z: true, config: Config{Optimizer: Optimizer{Name: "adamw"}}},
	"narrow output, dropout": {net: NetworkConfig{Sizes: []int{5, 12, 10, 2}}, whole: true,
		config: Config{Regularizers: Regularizers{Dropout: 0.2, InputDropout: 0.1, ClipNorm: 0.5, MaxNorm: 2, L1: 1e-3, Average: 0.9}, Optimizer: Optimizer{Name: "lion"}}},
	"narrow hidden": {net: NetworkConfig{Sizes: []int{5, 2, 9, 4}, Hidden: device.Sigmoid}, config: Config{Optimizer: Optimizer{Name: "rmsprop"}, Lambda: 0.1}},
}

// columnsDevices are so many devices, the first and others that are not like it.
var columnsDevices = []struct {
	n     int
	other string
}{{2, ""}, {3, ""}, {4, "unlike"}}

// The same network comes of them on two devices and three as on one, within 2e-5 a step as
// in TestGroupTrainsAsOne.
func TestColumnsTrainAll(t *testing.T) {
	for name, c := range columnsCases {
		want := columnsFit(t, device.OpenReference(), c.net, c.config)
		for _, on := range columnsDevices {
			got := columnsFit(t, referenceColumns(t, on.n, 1, on.other), c.net, c.config)
			if d := distance(got.all(), newOracle(want).theta); !(d <= 8*2e-5) {
				t.Errorf("%s, %d devices: weights are %.1e off", name, on.n, d)
			}
		}
	}
}

// The bytes that a step moves are those that StepTraffic says, by the counter.
func TestColumnsTraffic(t *testing.T) {
	const batch, steps = 6, 3
	for name, c := range columnsCases {
		for _, least := range []int{1, 3} {
			for _, on := range columnsDevices {
				sizes := c.net.Sizes
				eng, net := referenceColumns(t, on.n, least, on.other), c.net
				net.Seed = 1
				c.config.BatchSize, c.config.Rate, c.config.Resident = batch, 0.01, ResidentYes
				s, err := NewStepper(newNetwork(t, net), eng, randomSet(1, 12, sizes[0], sizes[len(sizes)-1]), c.config)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Run(1); err != nil {
					t.Fatal(err)
				}
				before := eng.Counters().Moved
				if err := s.Run(steps); err != nil {
					t.Fatal(err)
				}
				want := device.StepTraffic{Workload: device.Workload{Sizes: sizes, Batch: batch}, Devices: on.n, Least: least,
					Whole: c.whole, Twice: c.z && on.other != ""}.Bytes()
				if got := eng.Counters().Moved - before; got != steps*want || want == 0 {
					t.Errorf("%s, %d devices, at least %d units: %d steps moved %d bytes, %d each were predicted", name, on.n, least, steps, got, want)
				}
				s.Close()
				eng.Close()
			}
		}
	}
}

// thimble is a CPU reference with little memory.
type thimble struct {
	device.Engine
	total int64
	most  *int64 // bytes that it held
}

func (e *thimble) Info() device.Info {
	info := e.Engine.Info()
	info.TotalMemory = e.total
	return info
}

func (e *thimble) full() error {
	held := e.Counters().Allocated
	if *e.most = max(*e.most, held); held > e.total {
		return &device.MemoryError{What: "a thimble", Need: held, Have: e.total, Device: "thimble"}
	}
	return nil
}

func (e *thimble) NewMatrix(rows, cols int) (device.Matrix, error) {
	m, err := e.Engine.NewMatrix(rows, cols)
	return m, errors.Join(err, e.full())
}

func (e *thimble) NewParameters(shapes []device.Shape) (device.Parameters, error) {
	p, err := e.Engine.NewParameters(shapes)
	return p, errors.Join(err, e.full())
}

// A network that does not fit one device, nor a group of two, each of which has all weights,
// trains on the two split by columns, as on one that is large enough. Each of them works.
func TestColumnsHoldWhatOneDoesNot(t *testing.T) {
	const total = 3_500_000 // Θ, Δ and D are 3·4·(40·512+512 + 512·512+512 + 512·10+10) = 3.5e6 bytes, and 24 000 more
	config := NetworkConfig{Sizes: []int{40, 512, 512, 10}, Hidden: device.Tanh, Seed: 2}
	c := Config{Epochs: 2, BatchSize: 16, Seed: 3, Resident: ResidentNo}
	set := randomSet(1, 40, 40, 10)
	thimbles := []*thimble{{device.OpenReference(), total, new(int64)}, {device.OpenReference(), total, new(int64)}}
	g, err := device.NewGroup([]device.Engine{thimbles[0], thimbles[1]}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for what, eng := range map[string]device.Engine{"one": thimbles[0], "a group": g} {
		net := newNetwork(t, config)
		if fits, err := Fits(net, eng, set, nil, c); err != nil || fits {
			t.Errorf("%s: fits %v, error %v", what, fits, err)
		}
		var full *device.MemoryError
		tr, err := New(net, eng)
		if err == nil {
			_, err = tr.Fit(context.Background(), set, nil, c)
			tr.Close()
		}
		if !errors.Is(err, ErrMemory) && !errors.As(err, &full) {
			t.Errorf("%s: error %v", what, err)
		}
	}
	eng, err := device.ByColumns(g)
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	got, want := newNetwork(t, config), newNetwork(t, config)
	if fits, err := Fits(got, eng, set, nil, c); err != nil || !fits {
		t.Errorf("split: fits %v, error %v", fits, err)
	}
	var before []int64
	for _, m := range thimbles {
		before, *m.most = append(before, m.Counters().Calls), 0
	}
	if _, err := open(t, got, eng).Fit(context.Background(), set, nil, c); err != nil {
		t.Fatal(err)
	}
	for d, m := range thimbles {
		if calls := m.Counters().Calls - before[d]; calls < 6*8 { // 6 steps of three layers
			t.Errorf("device %d was called %d times", d, calls)
		}
		if *m.most > total*6/10 {
			t.Errorf("device %d held %d bytes, half of the weights are %d", d, *m.most, total/2)
		}
	}
	if _, err := open(t, want, device.OpenReference()).Fit(context.Background(), set, nil, c); err != nil {
		t.Fatal(err)
	}
	if d := distance(got.Layers, newOracle(want).theta); !(d <= 6*2e-5) {
		t.Errorf("weights are %.1e off those of one device", d)
	}
}

// A run goes on with its layers split otherwise, and the other way: the checkpoint is the same
// file, and the weights are those of a run that never changed, to rounding.
func TestColumnsResume(t *testing.T) {
	set := randomSet(1, 23, 6, 4)
	engines := map[string]func() device.Engine{
		"one":     func() device.Engine { return device.OpenReference() },
		"rows":    func() device.Engine { return referenceGroup(t, 2) },
		"columns": func() device.Engine { return referenceColumns(t, 3, 1, "") },
	}
	fit := func(eng device.Engine, epochs int, folder string, from *Snapshot) *Network {
		defer eng.Close()
		net := newNetwork(t, NetworkConfig{Sizes: []int{6, 9, 4}, Hidden: device.Tanh, Seed: 3})
		c := Config{Epochs: epochs, BatchSize: 7, Seed: 4, Optimizer: Optimizer{Name: "adam"}, Resume: from,
			Checkpoints: &Checkpoints{Folder: folder, Every: Every{Epochs: 1}}}
		if _, err := open(t, net, eng).Fit(context.Background(), set, nil, c); err != nil {
			t.Fatal(err)
		}
		return net
	}
	want := fit(engines["one"](), 4, t.TempDir(), nil)
	for _, way := range [][2]string{{"one", "columns"}, {"columns", "one"}, {"rows", "columns"}, {"columns", "rows"}} {
		folder := t.TempDir()
		fit(engines[way[0]](), 2, folder, nil)
		s, _, notes, err := Recover(folder)
		if err != nil || len(notes) > 0 {
			t.Fatal(err, notes)
		}
		got := fit(engines[way[1]](), 4, folder, s)
		if d := distance(got.Layers, newOracle(want).theta); !(d <= 16*2e-5) {
			t.Errorf("%v: weights are %.1e off", way, d)
		}
	}
}

// Ranks whose own devices split layers by columns train the network of one device.
func TestColumnsOnRanks(t *testing.T) {
	set := randomSet(1, 23, 6, 4)
	want, _ := groupFit(t, device.OpenReference(), set, func(*Config) {})
	nets := make([]*Network, 2)
	var all sync.WaitGroup
	for r, comm := range enginetest.Ranks(len(nets)) {
		local := referenceColumns(t, 2, 1, "")
		all.Go(func() {
			t.Run(strconv.Itoa(r), func(t *testing.T) {
				nets[r], _ = groupFit(t, device.NewRanked(local, comm), set, func(*Config) {})
			})
		})
	}
	all.Wait()
	for r, got := range nets {
		if got == nil {
			t.Fatalf("rank %d failed", r)
		}
		if d := distance(got.Layers, newOracle(want).theta); !(d <= 20*2e-5) {
			t.Errorf("rank %d: weights are %.1e off", r, d)
		}
	}
}
