package kernels

import (
	"math"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// TestLayerNorm compares with cpuref in float64; in place and forgetful as elsewhere.
func TestLayerNorm(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for i, n := range f.sizes {
			act, z, start := normActivations[i%3], shifted(0, n.b, n.out), flatNorm(n.out)
			in, norm, saved, out := f.matrix(z), f.norm(start), f.output(n.b, 2), f.output(n.b, n.out)
			var kept *Matrix
			if act.NeedsZ() {
				y := f.output(n.b, n.out)
				kept = &y
			}
			f.run(f.set.LayerNorm(string(act), in, norm, &saved, out, kept))
			f.unchanged(in.Buf, norm.Gamma.Buf, norm.Beta.Buf)

			want, y, a := wideNorm(start), cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
			stats := cpuref.NewMatrix[float64](n.b, 2)
			cpuref.LayerNorm(wide(z), want, stats, y)
			cpuref.Activate(act, y, a)
			var rows []cpuref.Spread
			for i := range n.b {
				rows = append(rows, cpuref.NewSpread(wide(z).Row(i)))
			}
			error := func(i int) float64 {
				return rows[i/n.out].NormalizedError(float64(z.Data[i]), want.Gamma[i%n.out], want.Beta[i%n.out])
			}
			f.compare(n, "saved", f.values(saved).Data, stats.Data, func(i int) float64 {
				return []float64{rows[i/2].MeanError, rows[i/2].ScaleError}[i%2]
			})
			f.compare(n, "layernorm "+string(act), f.values(out).Data, a.Data, func(i int) float64 {
				return steepest(act)*error(i) + activationError(act, a.Data[i])
			})
			if kept != nil {
				f.compare(n, "y", f.values(*kept).Data, y.Data, error)
			}
			f.run(f.set.LayerNorm(string(act), in, norm, nil, in, kept))
			f.masked(n, "layernorm in place", f.values(in), f.values(out))
		}
	})
}

// TestLayerNormDelta: sums onto nothing and onto what is there, and the way back.
func TestLayerNormDelta(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			z, delta, start := shifted(0, n.b, n.out), normal(1, n.b, n.out, 1), flatNorm(n.out)
			stats := cpuref.NewMatrix[float32](n.b, 2)
			cpuref.LayerNorm(z, start, stats, cpuref.NewMatrix[float32](n.b, n.out))
			in, inDelta, saved, norm := f.matrix(z), f.matrix(delta), f.matrix(stats), f.norm(start)
			sum, out := Norm{Gamma: f.outputWeights(0, n.out), Beta: f.outputWeights(0, n.out)}, f.output(n.b, n.out)
			f.run(f.set.LayerNormSums(inDelta, in, saved, sum, true))
			f.run(f.set.LayerNormDelta(inDelta, in, saved, norm, out))
			f.unchanged(in.Buf, inDelta.Buf, saved.Buf, norm.Gamma.Buf)

			wants := cpuref.Norm[float64]{Gamma: make([]float64, n.out), Beta: make([]float64, n.out)}
			sizes := cpuref.Norm[float64]{Gamma: make([]float64, n.out), Beta: make([]float64, n.out)}
			want, normalized := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
			cpuref.LayerNormDelta(wide(delta), wide(z), wide(stats), wideNorm(start), wants, want)
			along, sums := make([]float64, n.b), make([]float64, n.b) // of the sizes, by row
			for i, d := range delta.Data {
				row, j := i/n.out, i%n.out
				normalized.Data[i] = (float64(z.Data[i]) - float64(stats.Row(row)[0])) * float64(stats.Row(row)[1])
				sizes.Beta[j] += math.Abs(float64(d))
				sizes.Gamma[j] += math.Abs(float64(d) * normalized.Data[i])
				g := math.Abs(float64(d) * float64(start.Gamma[j]))
				sums[row] += g
				along[row] += g * math.Abs(normalized.Data[i])
			}
			k := float64(n.b)
			ofBeta, ofGamma := func(j int) float64 { return 2 * k * u * sizes.Beta[j] }, func(j int) float64 { return (2*k + 4) * u * sizes.Gamma[j] }
			f.compare(n, "Δβ", f.units(sum.Beta), wants.Beta, ofBeta)
			f.compare(n, "Δγ", f.units(sum.Gamma), wants.Gamma, ofGamma)
			f.compare(n, "layernormdelta", f.values(out).Data, want.Data, func(i int) float64 {
				row := i / n.out
				g := math.Abs(float64(delta.Data[i]) * float64(start.Gamma[i%n.out]))
				return cpuref.NormBackError(float64(stats.Row(row)[1]), g, normalized.Data[i], sums[row], along[row], n.out)
			})
			f.run(f.set.LayerNormSums(inDelta, in, saved, sum, false))
			for j := range wants.Beta {
				wants.Beta[j], wants.Gamma[j] = 2*wants.Beta[j], 2*wants.Gamma[j]
			}
			f.compare(n, "Δβ twice", f.units(sum.Beta), wants.Beta, func(j int) float64 { return 3 * ofBeta(j) })
			f.compare(n, "Δγ twice", f.units(sum.Gamma), wants.Gamma, func(j int) float64 { return 3 * ofGamma(j) })
			f.run(f.set.LayerNormDelta(inDelta, in, saved, norm, inDelta))
			f.masked(n, "layernormdelta in place", f.values(inDelta), f.values(out))
		}
	})
}
