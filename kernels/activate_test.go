package kernels

import (
	"slices"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// softmaxError bounds the error of a = e^(z_k−c)/Σ_j e^(z_j−c). With s the spread
// of the row, z−c is off by u·s, which e^ makes a relative error, and adds 6u (3
// ulp); the sum of K of these adds K·u to that; the division 5u (2.5 ulp):
//
//	(u s + 6u) + (u s + 6u + K u) + 5u,  relative
func softmaxError(z []float32, a float64) float64 {
	spread := float64(slices.Max(z)) - float64(slices.Min(z))
	return (2*spread + 17 + float64(len(z))) * u * a
}

// TestActivate includes z at which e^z and e^−z leave float32.
func TestActivate(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			z := normal(0, n.b, n.out, 4)
			z.Data[0], z.Data[len(z.Data)-1] = 200, -200
			in := f.matrix(z)
			acts := cpuref.Activations()
			if f.byHand() {
				acts = []cpuref.Activation{cpuref.ReLU, cpuref.Softmax} // a select of vectors; no vectors
			}
			for _, act := range acts {
				out := f.output(n.b, n.out)
				f.run(f.set.Activate(string(act), in, out))
				want := cpuref.NewMatrix[float64](n.b, n.out)
				cpuref.Activate(act, wide(z), want)
				f.compare(n, string(act), f.values(out).Data, want.Data, func(i int) float64 {
					if act == cpuref.Softmax {
						return softmaxError(z.Row(i/n.out), want.Data[i])
					}
					return activationError(act, want.Data[i])
				})
			}
			f.unchanged(in.Buf)
		}
	})
}

// A = g(Z) works in place too.
func TestActivateInPlace(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, act := range []cpuref.Activation{cpuref.ReLU, cpuref.Softmax} {
			z := normal(0, 5, 19, 2)
			m := f.matrix(z)
			f.run(f.set.Activate(string(act), m, m))
			out := f.output(5, 19)
			f.run(f.set.Activate(string(act), f.matrix(z), out))
			if got, want := f.values(m), f.values(out); !slices.Equal(got.Data, want.Data) {
				f.Errorf("%s: in place %v, elsewhere %v", act, got.Data, want.Data)
			}
		}
	})
}
