package device_test

import (
	"slices"
	"testing"

	"github.com/clprop/clprop/device"
)

// A step is cut before Gradient; where only another plan has accumulated, nothing is cut
// and Δ is to be summed all the same; where nothing reads Δ, nothing is to be summed.
func TestSplit(t *testing.T) {
	e := device.OpenReference()
	defer e.Close()
	parameters := func() device.Parameters {
		p, err := e.NewParameters([]device.Shape{{In: 3, Out: 2}, {In: 2, Out: 1}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	theta, sum, grad, other := parameters(), parameters(), parameters(), parameters()
	forward := device.Forward{Theta: theta}
	first, second := device.Accumulate{Sum: sum, Layer: 1, Fresh: true}, device.Accumulate{Sum: sum, Layer: 0, Fresh: true}
	norm := device.LayerNormDelta{Theta: theta, Sum: sum}
	gradient := device.Gradient{Sum: sum, Theta: theta, Grad: grad, M: 1}
	clip, sgd := device.ClipNorm{Grad: grad, Limit: 1}, device.SGD{Theta: theta, Grad: grad}
	elsewhere, direct := device.Accumulate{Sum: other}, device.SGD{Theta: theta, Grad: other}
	penalty := device.Penalty{Theta: theta}
	type stages = []device.Stage
	for _, c := range []struct {
		what string
		ops  []device.Op
		want stages
	}{
		{"a step", []device.Op{forward, first, second, gradient, clip, sgd},
			stages{{Ops: []device.Op{forward, first, second}},
				{Sums: []device.Parameters{sum}, Ops: []device.Op{gradient, clip, sgd}}}},
		{"a step with a normalisation", []device.Op{first, norm, second, gradient, clip, sgd},
			stages{{Ops: []device.Op{first, norm, second}},
				{Sums: []device.Parameters{sum}, Ops: []device.Op{gradient, clip, sgd}}}},
		{"a micro-batch that is not the last", []device.Op{forward, first, second},
			stages{{Ops: []device.Op{forward, first, second}}}},
		{"Δ of another list", []device.Op{gradient, sgd},
			stages{{Sums: []device.Parameters{sum}, Ops: []device.Op{gradient, sgd}}}},
		{"no way back", []device.Op{forward, penalty}, stages{{Ops: []device.Op{forward, penalty}}}},
		{"two steps", []device.Op{first, second, gradient, sgd, first, second, gradient, sgd},
			stages{{Ops: []device.Op{first, second}},
				{Sums: []device.Parameters{sum}, Ops: []device.Op{gradient, sgd, first, second}},
				{Sums: []device.Parameters{sum}, Ops: []device.Op{gradient, sgd}}}},
		{"two sums, one without a Gradient", []device.Op{elsewhere, first, second, gradient, sgd, direct},
			stages{{Ops: []device.Op{elsewhere, first, second}},
				{Sums: []device.Parameters{sum}, Ops: []device.Op{gradient, sgd}},
				{Sums: []device.Parameters{other}, Ops: []device.Op{direct}}}},
		{"what is added to what is read", []device.Op{first, penalty, second, gradient},
			stages{{Ops: []device.Op{first, penalty, second}}, {Sums: []device.Parameters{sum}, Ops: []device.Op{gradient}}}},
		{"nothing", nil, nil},
	} {
		got := device.Split(c.ops)
		if !slices.EqualFunc(got, c.want, func(a, b device.Stage) bool {
			return slices.Equal(a.Sums, b.Sums) && slices.Equal(a.Ops, b.Ops)
		}) {
			t.Errorf("%s: %+v, want %+v", c.what, got, c.want)
		}
	}
}
