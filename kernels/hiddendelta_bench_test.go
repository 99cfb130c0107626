package kernels

import (
	"math"
	"testing"
	"time"

	"github.com/clprop/clprop/cl"
)

// BenchmarkHiddenDelta runs the three ways of HiddenDelta in turns, copies included, and shows
// the fastest run of each: what HiddenReads chooses by.
func BenchmarkHiddenDelta(b *testing.B) {
	device := benchmarkDevice(b)
	context, err := cl.CreateContext([]*cl.Device{device})
	check(b, err)
	defer context.Release()
	queue, err := context.CreateCommandQueue(device, 0)
	check(b, err)
	defer queue.Release()
	set := NewSet(context, device, DefaultTuning(device))
	defer set.Release()
	for _, n := range []size{
		{4, 512, 512}, {6, 512, 512}, {16, 512, 512}, {32, 128, 128}, {32, 512, 512}, {64, 512, 512}, {128, 512, 512}, {128, 512, 64}, {128, 512, 26},
		{200, 1531, 977}, {256, 2048, 2048}, {512, 2048, 2048}, {512, 4096, 4096}, {1024, 1024, 1024}, {1024, 2048, 2048}, {2048, 1024, 1024},
	} {
		b.Run(n.String(), func(b *testing.B) { benchmarkHiddenDelta(b, context, queue, set, n) })
	}
}

func benchmarkHiddenDelta(b *testing.B, context *cl.Context, queue *cl.CommandQueue, set *Set, n size) {
	buffer := func(floats int) *cl.MemObject {
		buf, err := context.CreateBufferFloat32(cl.MemReadWrite|cl.MemCopyHostPtr, make([]float32, floats))
		check(b, err)
		b.Cleanup(func() { buf.Release() })
		return buf
	}
	matrix := func(rows, cols int) Matrix {
		m := NewMatrix(rows, cols, false)
		m.Buf = buffer(m.Floats())
		return m
	}
	next, a, delta, w := matrix(n.b, n.out), matrix(n.b, n.in), matrix(n.b, n.in), set.NewWeights(n.in, n.out)
	w.Buf = buffer(w.Floats())
	packed, turned := set.NewTransposed(w), set.NewTransposedDelta(next)
	packed.Buf, turned.Buf = buffer(set.TransposedFloats(w)), buffer(set.TransposedDeltaFloats(next))
	ways := map[string][]*Launch{}
	add := func(way string, l *Launch, err error) {
		check(b, err)
		b.Cleanup(l.Release)
		ways[way] = append(ways[way], l)
	}
	l, err := set.Pack(w, packed)
	add("weights", l, err)
	l, err = set.hiddenPacked("sigmoid", next, w, packed, a, delta)
	add("weights", l, err)
	l, err = set.PackDelta(next, turned)
	add("delta", l, err)
	l, err = set.hiddenLanes("sigmoid", next, w, turned, a, delta)
	add("delta", l, err)
	l, err = set.hiddenDot("sigmoid", next, w, a, delta)
	add("neither", l, err)
	fastest := map[string]float64{}
	for range max(b.N, 10) {
		for way, launches := range ways {
			if _, before := fastest[way]; !before {
				fastest[way] = math.Inf(1)
			}
			began := time.Now()
			for _, l := range launches {
				check(b, l.Enqueue(queue))
			}
			check(b, queue.Finish())
			fastest[way] = min(fastest[way], float64(time.Since(began).Microseconds()))
		}
	}
	for way, us := range fastest {
		b.ReportMetric(us, "µs-"+way)
	}
	b.ReportMetric(0, "ns/op")
}

func check(b *testing.B, err error) {
	if err != nil {
		b.Helper()
		b.Fatal(err)
	}
}

// benchmarkDevice is the first CPU.
func benchmarkDevice(b *testing.B) *cl.Device {
	platforms, err := cl.GetPlatforms()
	check(b, err)
	for _, p := range platforms {
		devices, err := p.GetDevices(cl.DeviceTypeCPU)
		if err == nil && len(devices) > 0 && devices[0].LocalMemType() != cl.LocalMemTypeLocal {
			return devices[0]
		}
	}
	b.Skip("no CPU through OpenCL")
	return nil
}
