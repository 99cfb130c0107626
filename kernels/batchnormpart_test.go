package kernels

import (
	"math"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// TestBatchNormMoments compares with cpuref in float64.
func TestBatchNormMoments(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			z := shifted(0, n.b, n.out)
			in, saved := f.matrix(z), f.output(2, n.out)
			f.run(f.set.BatchNormMoments(in, saved))
			f.unchanged(in.Buf)
			want := cpuref.NewMatrix[float64](2, n.out)
			cpuref.BatchNormMoments(wide(z), want)
			f.compare(n, "batchnormmoments", f.values(saved).Data, want.Data, func(i int) float64 {
				s := cpuref.NewSpread(column(wide(z), i%n.out))
				return []float64{s.MeanError, s.VarianceError}[i/n.out]
			})
		}
	})
}

// TestBatchNormGiven: μ and r are given, and not off.
func TestBatchNormGiven(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for i, n := range f.sizes {
			act, z, start := normActivations[i%3], shifted(0, n.b, n.out), flatNorm(n.out)
			stats := matrix32{Rows: 2, Cols: n.out, Data: append(append([]float32(nil), start.Mean...), start.Variance...)}
			in, saved, norm, out := f.matrix(z), f.matrix(stats), f.norm(start), f.output(n.b, n.out)
			var kept *Matrix
			if act.NeedsZ() {
				y := f.output(n.b, n.out)
				kept = &y
			}
			f.run(f.set.BatchNormGiven(string(act), in, saved, norm, out, kept))
			f.unchanged(in.Buf, saved.Buf, norm.Gamma.Buf, norm.Beta.Buf)
			y, a := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
			cpuref.BatchNormGiven(wide(z), wide(stats), wideNorm(start), y)
			cpuref.Activate(act, y, a)
			error := func(i int) float64 {
				j := i % n.out
				s := cpuref.Spread{Mean: float64(start.Mean[j]), Scale: float64(start.Variance[j])}
				return s.NormalizedError(float64(z.Data[i]), float64(start.Gamma[j]), float64(start.Beta[j]))
			}
			f.compare(n, "batchnormgiven "+string(act), f.values(out).Data, a.Data, func(i int) float64 {
				return steepest(act)*error(i) + activationError(act, a.Data[i])
			})
			if kept != nil {
				f.compare(n, "y", f.values(*kept).Data, y.Data, error)
			}
			f.run(f.set.BatchNormGiven(string(act), in, saved, norm, in, kept))
			f.masked(n, "batchnormgiven in place", f.values(in), f.values(out))
		}
	})
}

// TestBatchNormParts: the sums of a part, onto nothing and onto what is there; and the way
// back, by sums over three times as many rows. Its terms are as in TestBatchNormDelta, but for the sums,
// which are given: four roundings each.
func TestBatchNormParts(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			z, delta, start := shifted(0, n.b, n.out), normal(1, n.b, n.out, 1), flatNorm(n.out)
			stats := cpuref.NewMatrix[float32](2, n.out)
			cpuref.BatchNorm(z, flatNorm(n.out), stats, cpuref.NewMatrix[float32](n.b, n.out))
			in, inDelta, saved, norm := f.matrix(z), f.matrix(delta), f.matrix(stats), f.norm(start)
			sum := Norm{Gamma: f.outputWeights(0, n.out), Beta: f.outputWeights(0, n.out)}
			f.run(f.set.BatchNormSums(inDelta, in, saved, sum, true))
			f.unchanged(in.Buf, inDelta.Buf, saved.Buf)
			empty := func() cpuref.Norm[float64] {
				return cpuref.Norm[float64]{Gamma: make([]float64, n.out), Beta: make([]float64, n.out)}
			}
			want, sizes := empty(), empty()
			normalized := cpuref.NewMatrix[float64](n.b, n.out)
			for i, d := range delta.Data {
				j := i % n.out
				normalized.Data[i] = (float64(z.Data[i]) - float64(stats.Row(0)[j])) * float64(stats.Row(1)[j])
				sizes.Beta[j] += math.Abs(float64(d))
				sizes.Gamma[j] += math.Abs(float64(d) * normalized.Data[i])
			}
			for times := 1.0; times <= 2; times++ {
				cpuref.BatchNormSums(wide(delta), wide(z), wide(stats), want)
				k := float64(n.b)
				f.compare(n, "Δβ", f.units(sum.Beta), want.Beta, func(j int) float64 { return 3 * k * u * times * sizes.Beta[j] })
				f.compare(n, "Δγ", f.units(sum.Gamma), want.Gamma, func(j int) float64 { return (3*k + 6) * u * times * sizes.Gamma[j] })
				f.run(f.set.BatchNormSums(inDelta, in, saved, sum, false))
			}

			given, out := flatNorm(n.out), f.output(n.b, n.out)
			sums := f.norm(given)
			f.run(f.set.BatchNormBack(inDelta, in, saved, norm, sums, 3*n.b, out))
			f.unchanged(in.Buf, inDelta.Buf, saved.Buf, norm.Gamma.Buf, sums.Gamma.Buf, sums.Beta.Buf)
			back := cpuref.NewMatrix[float64](n.b, n.out)
			cpuref.BatchNormBack(wide(delta), wide(z), wide(stats), wideNorm(start), wideNorm(given), 3*n.b, back)
			f.compare(n, "batchnormback", f.values(out).Data, back.Data, func(i int) float64 {
				j, all := i%n.out, float64(3*n.b)
				scale := math.Abs(float64(start.Gamma[j])) * float64(stats.Row(1)[j])
				return u * scale * (12*math.Abs(float64(delta.Data[i])) + 16*(math.Abs(float64(given.Beta[j]))+math.Abs(normalized.Data[i]*float64(given.Gamma[j])))/all)
			})
			f.run(f.set.BatchNormBack(inDelta, in, saved, norm, sums, 3*n.b, inDelta))
			f.masked(n, "batchnormback in place", f.values(inDelta), f.values(out))
		}
	})
}
