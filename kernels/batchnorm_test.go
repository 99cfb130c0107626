package kernels

import (
	"math"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// TestBatchNorm compares with cpuref in float64; in place as elsewhere.
func TestBatchNorm(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for i, n := range f.sizes {
			act, z, start := normActivations[i%3], shifted(0, n.b, n.out), flatNorm(n.out)
			in, norm, saved, out := f.matrix(z), f.norm(start), f.output(2, n.out), f.output(n.b, n.out)
			var kept *Matrix
			if act.NeedsZ() {
				y := f.output(n.b, n.out)
				kept = &y
			}
			f.run(f.set.BatchNorm(string(act), in, norm, saved, out, kept))
			f.unchanged(in.Buf, norm.Gamma.Buf, norm.Beta.Buf)

			want, y, a := wideNorm(start), cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
			stats := cpuref.NewMatrix[float64](2, n.out)
			cpuref.BatchNorm(wide(z), want, stats, y)
			cpuref.Activate(act, y, a)
			var columns []cpuref.Spread
			for j := range n.out {
				columns = append(columns, cpuref.NewSpread(column(wide(z), j)))
			}
			error := func(i int) float64 {
				j := i % n.out
				return columns[j].NormalizedError(float64(z.Data[i]), want.Gamma[j], want.Beta[j])
			}
			f.compare(n, "saved", f.values(saved).Data, stats.Data, func(i int) float64 {
				return []float64{columns[i%n.out].MeanError, columns[i%n.out].ScaleError}[i/n.out]
			})
			f.compare(n, "running mean", f.units(norm.Mean), want.Mean, func(j int) float64 {
				return 0.1*columns[j].MeanError + 4*u*(math.Abs(float64(start.Mean[j]))+math.Abs(columns[j].Mean))
			})
			bessel := float64(n.b) / float64(max(n.b-1, 1))
			f.compare(n, "running variance", f.units(norm.Variance), want.Variance, func(j int) float64 {
				return 0.1*bessel*columns[j].VarianceError + 6*u*(float64(start.Variance[j])+bessel*columns[j].Variance)
			})
			f.compare(n, "batchnorm "+string(act), f.values(out).Data, a.Data, func(i int) float64 {
				return steepest(act)*error(i) + activationError(act, a.Data[i])
			})
			if kept != nil {
				f.compare(n, "y", f.values(*kept).Data, y.Data, error)
			}
			again, other := f.norm(start), f.output(2, n.out)
			f.run(f.set.BatchNorm(string(act), in, again, other, in, kept))
			f.masked(n, "batchnorm in place", f.values(in), f.values(out))
		}
	})
}

// TestBatchNormRunning: the root and the quotient are 14u off, as in cpuref.Spread, of a variance
// that is not.
func TestBatchNormRunning(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for i, n := range f.sizes {
			act, z, start := normActivations[i%3], shifted(0, n.b, n.out), flatNorm(n.out)
			in, norm, out := f.matrix(z), f.norm(start), f.output(n.b, n.out)
			f.run(f.set.BatchNormRunning(string(act), in, norm, out, nil))
			f.unchanged(in.Buf, norm.Gamma.Buf, norm.Beta.Buf, norm.Mean.Buf, norm.Variance.Buf)
			want, a := wideNorm(start), cpuref.NewMatrix[float64](n.b, n.out)
			cpuref.BatchNormRunning(wide(z), want, a)
			cpuref.Activate(act, a, a)
			f.compare(n, "batchnormrunning "+string(act), f.values(out).Data, a.Data, func(i int) float64 {
				j := i % n.out
				s := cpuref.RunningSpread(want.Mean[j], want.Variance[j])
				return steepest(act)*s.NormalizedError(float64(z.Data[i]), want.Gamma[j], want.Beta[j]) + activationError(act, a.Data[i])
			})
			y, plain := f.output(n.b, n.out), f.output(n.b, n.out)
			f.run(f.set.BatchNormRunning(string(act), in, norm, plain, &y))
			f.masked(n, "beside y", f.values(plain), f.values(out))
			f.run(f.set.BatchNormRunning(string(act), in, norm, in, nil))
			f.masked(n, "in place", f.values(in), f.values(out))
			f.run(f.set.Activate(string(act), y, y))
			first := f.values(out)
			f.compare(n, "g(y)", f.values(y).Data, a.Data, func(i int) float64 { // the same y, through another kernel's g
				return math.Abs(float64(first.Data[i])-a.Data[i]) + 2*activationError(act, a.Data[i])
			})
		}
	})
}

// TestBatchNormDelta: onto nothing, and onto what is there.
func TestBatchNormDelta(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			z, delta, start := shifted(0, n.b, n.out), normal(1, n.b, n.out, 1), flatNorm(n.out)
			stats := cpuref.NewMatrix[float32](2, n.out)
			cpuref.BatchNorm(z, flatNorm(n.out), stats, cpuref.NewMatrix[float32](n.b, n.out))
			in, inDelta, saved, norm := f.matrix(z), f.matrix(delta), f.matrix(stats), f.norm(start)
			sum, out := Norm{Gamma: f.outputWeights(0, n.out), Beta: f.outputWeights(0, n.out)}, f.output(n.b, n.out)
			f.run(f.set.BatchNormDelta(inDelta, in, saved, norm, sum, true, out))
			f.unchanged(in.Buf, inDelta.Buf, saved.Buf, norm.Gamma.Buf)

			wants := cpuref.Norm[float64]{Gamma: make([]float64, n.out), Beta: make([]float64, n.out)}
			sizes := cpuref.Norm[float64]{Gamma: make([]float64, n.out), Beta: make([]float64, n.out)}
			want, normalized := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
			cpuref.BatchNormDelta(wide(delta), wide(z), wide(stats), wideNorm(start), wants, want)
			for i, d := range delta.Data {
				j := i % n.out
				normalized.Data[i] = (float64(z.Data[i]) - float64(stats.Row(0)[j])) * float64(stats.Row(1)[j])
				sizes.Beta[j] += math.Abs(float64(d))
				sizes.Gamma[j] += math.Abs(float64(d) * normalized.Data[i])
			}
			k := float64(n.b)
			ofBeta, ofGamma := func(j int) float64 { return 2 * k * u * sizes.Beta[j] }, func(j int) float64 { return (2*k + 4) * u * sizes.Gamma[j] }
			f.compare(n, "Δβ", f.units(sum.Beta), wants.Beta, ofBeta)
			f.compare(n, "Δγ", f.units(sum.Gamma), wants.Gamma, ofGamma)
			f.compare(n, "batchnormdelta", f.values(out).Data, want.Data, func(i int) float64 {
				j := i % n.out
				scale := math.Abs(float64(start.Gamma[j])) * float64(stats.Row(1)[j])
				return cpuref.NormBackError(scale, math.Abs(float64(delta.Data[i])), normalized.Data[i], sizes.Beta[j], sizes.Gamma[j], n.b)
			})
			f.run(f.set.BatchNormDelta(inDelta, in, saved, norm, sum, false, inDelta))
			f.masked(n, "batchnormdelta in place", f.values(inDelta), f.values(out))
			twice := func(v []float64) []float64 {
				for j := range v {
					v[j] *= 2
				}
				return v
			}
			f.compare(n, "Δβ twice", f.units(sum.Beta), twice(wants.Beta), func(j int) float64 { return 3 * ofBeta(j) })
			f.compare(n, "Δγ twice", f.units(sum.Gamma), twice(wants.Gamma), func(j int) float64 { return 3 * ofGamma(j) })
		}
	})
}
