package device_test

import (
	"math"
	"testing"

	"github.com/clprop/clprop/device"
)

// By hand, a net of 1000-1000-100 with b = 2000 on 2 ranks, R = 1e9, H = B = U = 1e9, a = 1 ms:
// products of 1000 examples take 2 s in the first layer (1e6 weights) and 0.2 s in the second
// (1e5); forward is 2.2 s, Accumulate of the second ends at 2.4, which is bucket 0 (100 100
// values are more than 65 536): 400.4 kB, copied by 2.4004 s. Its sum is 400.4 kB/B + 2 a =
// 2.4004 ms. HiddenDelta ends at 2.6, Accumulate of the first at 4.6 s: 1 001 000 values, 4.004 MB,
// are copied by 4.604004 and summed in 6.004 ms. The device waits 10.008 ms, of which 6.004
// are of the network; both buckets are copied back and updated in 4.4044 ms each.
func TestStepModel(t *testing.T) {
	shapes := []device.Shape{{In: 1000, Out: 1000}, {In: 1000, Out: 100}}
	m := device.StepModel{FLOPS: 1e9, Copy: 1e9, Update: 1e9, Bandwidth: 1e9, Latency: 1e-3}
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-8 {
			t.Errorf("%s is %v s, want %v", what, got, want)
		}
	}
	got := m.Step(shapes, 2000, 2)
	near("two ranks", got.Total, 4.6+0.010008+2*0.0044044)
	near("its sums", got.Sums, 0.0024004+0.006004)
	near("the wait for sums", got.Waited, 0.0084044)
	near("one rank", m.Step(shapes, 2000, 1).Total, 2*4.6)
	// Of 4 ranks each has 500: half of the time, and sums with 1.5 for 1 and 4 a for 2 a.
	got = m.Step(shapes, 2000, 4)
	near("four ranks", got.Total, 2.3+0.004004+1.5*0.004004+0.004+2*0.0044044)
	if b := m.PaysFrom(shapes, 2, 1<<20, 0.9); b == 0 || m.Step(shapes, b, 1).Total < 1.8*m.Step(shapes, b, 2).Total ||
		b > 2 && m.Step(shapes, b/2, 1).Total >= 1.8*m.Step(shapes, b/2, 2).Total {
		t.Errorf("pays from %d on", b)
	}
	if b := m.PaysFrom(shapes, 2, 1<<20, 1); b != 0 {
		t.Errorf("two ranks are twice as fast from %d on", b)
	}
}
