package kernels

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/cpuref"
)

type (
	matrix32 = cpuref.Matrix[float32]
	matrix64 = cpuref.Matrix[float64]
	layer32  = cpuref.Layer[float32]
	layer64  = cpuref.Layer[float64]
)

const (
	u       = 0x1p-24  // relative error of one float32 rounding
	flushed = 0x1p-126 // below this a device may give 0
)

// size is a batch of b and a layer from in to out units.
type size struct{ b, in, out int }

func (n size) String() string { return fmt.Sprintf("%d×%d×%d", n.b, n.in, n.out) }

// sizes are ragged: 1, powers of two and their neighbours, primes. Tunings made by
// hand get sizes wider than their blocks, as each block cut down to its matrix is a
// program of its own, and compiling takes longest.
var (
	sizes = []size{
		{1, 1, 1}, {2, 1, 15}, {1, 2, 16}, {15, 17, 2}, {16, 31, 17}, {17, 15, 31}, {31, 33, 32}, {33, 16, 65},
		{32, 64, 63}, {63, 32, 127}, {13, 127, 33}, {65, 63, 1}, {127, 65, 7}, {7, 257, 64}, {64, 3, 257}, {257, 11, 5},
		{71, 197, 77}, {65, 80, 208}, // blocks of one and of two vectors in the last panel, see Tuning.last
	}
	sizesByHand    = []size{{33, 65, 63}, {63, 49, 127}, {67, 127, 257}, {7, 257, 64}, {31, 53, 113}}
	sizesSimulated = []size{{1, 1, 1}, {2, 15, 17}, {17, 33, 3}, {5, 16, 31}}
)

// fixture is one device with one Tuning, and the buffers of one test.
type fixture struct {
	*testing.T
	*bench
	set   *Set
	sizes []size
	was   map[*cl.MemObject][]float32 // what the test put into each buffer
}

// bench is a device opened once for all tests, with a Set for each Tuning.
type bench struct {
	device    *cl.Device
	simulated bool
	context   *cl.Context
	queue     *cl.CommandQueue
	sets      map[string]*Set
}

var (
	benches []*bench
	kept    []*cl.MemObject // buffers not to be freed
)

func TestMain(m *testing.M) {
	done := cltest.Setup()
	code := m.Run()
	onThread(nil, func() {
		for _, b := range benches {
			for _, s := range b.sets {
				s.Release()
			}
			b.queue.Release()
			b.context.Release()
		}
	})
	done()
	os.Exit(code)
}

// open opens every device of the machine, once. The simulator is left to TestSafety, which
// runs these tests in it with all its checks.
func open(t *testing.T) []*bench {
	t.Helper()
	if benches == nil {
		onThread(t, func() { openAll(t) })
	}
	return benches
}

func openAll(t *testing.T) {
	t.Helper()
	devices := cltest.Devices(t)
	for _, d := range devices {
		if cltest.Slow(d.Name()) && len(devices) > 1 {
			continue
		}
		context, err := cl.CreateContext([]*cl.Device{d})
		if err != nil {
			t.Fatal(err)
		}
		queue, err := context.CreateCommandQueue(d, 0)
		if err != nil {
			t.Fatal(err)
		}
		benches = append(benches, &bench{d, cltest.Slow(d.Name()), context, queue, map[string]*Set{}})
	}
}

// each runs a test on every device with every Tuning of tunings.
func each(t *testing.T, run func(fixture)) {
	t.Helper()
	eachOf(t, func(Tuning) bool { return true }, run)
}

// eachProduct is each for the products of matrices, and onUnit too.
func eachProduct(t *testing.T, run func(fixture)) {
	t.Helper()
	each(t, run)
	onUnit(t, run)
}

// onUnit runs a test on the devices with AMX, where it then is used for any product that can be.
func onUnit(t *testing.T, run func(fixture)) {
	t.Helper()
	for _, b := range open(t) {
		if amxOf(b.device) == amxNever || b.device.NativeVectorWidthFloat() != align {
			continue
		}
		t.Run("amx", func(t *testing.T) {
			onThread(t, func() {
				f := b.fixture(t, "amx", BlockTuning(b.device))
				f.set.amx = amxWhereverPossible
				run(f)
			})
		})
	}
}

// eachWidth is each for kernels that only see the family and the vector width: one
// Tuning for each of these.
func eachWidth(t *testing.T, run func(fixture)) {
	t.Helper()
	type seen struct {
		family Family
		vw     int
	}
	var all []seen
	eachOf(t, func(tuning Tuning) bool {
		this := seen{tuning.Family, tuning.VW}
		if slices.Contains(all, this) && len(tuning.MRs)+len(tuning.Tiles) == 1 {
			return false
		}
		all = append(all, this)
		return true
	}, run)
}

func eachOf(t *testing.T, wanted func(Tuning) bool, run func(fixture)) {
	t.Helper()
	for _, b := range open(t) {
		t.Run(b.device.Platform().Name(), func(t *testing.T) {
			all := tunings(b)
			for _, name := range slices.Sorted(maps.Keys(all)) {
				if wanted(all[name]) {
					t.Run(name, func(t *testing.T) {
						onThread(t, func() { run(b.fixture(t, name, all[name])) })
					})
				}
			}
		})
	}
}

// fixture is the device with a Tuning, which name stands for.
func (b *bench) fixture(t *testing.T, name string, tuning Tuning) fixture {
	if b.sets[name] == nil {
		b.sets[name] = NewSet(b.context, b.device, tuning)
	}
	f := fixture{T: t, bench: b, set: b.sets[name], sizes: sizes, was: map[*cl.MemObject][]float32{}}
	if b.simulated {
		f.sizes = sizesSimulated
	} else if f.byHand() {
		f.sizes = sizesByHand
	}
	t.Cleanup(func() {
		for buf := range f.was {
			if checked() { // oclgrind 21.10 takes a new buffer in the place of an old one for that one
				kept = append(kept, buf)
				continue
			}
			buf.Release()
		}
	})
	return f
}

// byHand reports whether the Tuning has one shape only, unlike a device's own.
func (f fixture) byHand() bool { return len(f.set.Tuning.MRs)+len(f.set.Tuning.Tiles) == 1 }

func (f fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// run runs what a launcher returns, once, and waits.
func (f fixture) run(l *Launch, err error) {
	f.Helper()
	f.ok(err)
	defer l.Release()
	f.enqueue(l)
}

func (f fixture) enqueue(l *Launch) {
	f.Helper()
	f.ok(l.Enqueue(f.queue))
	f.ok(f.queue.Finish())
}
