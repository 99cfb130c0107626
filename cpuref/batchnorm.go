package cpuref

import "math"

// BatchNorm is batch normalisation in training, for every unit j over the rows i:
//
//	μ_j = Σ_i z_ij/b,   σ_j² = Σ_i (z_ij − μ_j)²/b,   ẑ_ij = (z_ij − μ_j)/√(σ_j² + ε),   y_ij = γ_j ẑ_ij + β_j
//	running mean := (1−ρ) mean + ρ μ,   running variance := (1−ρ) variance + ρ σ² b/(b−1),   ρ = BatchNormMomentum
//
// z and y: b × s, and may be one; saved: 2 × s, μ and then 1/√(σ² + ε), for
// BatchNormDelta. The mean is taken off before squares are summed, so that nothing is
// lost where it is large. Sums are float64 in either type. Of one row σ² is 0, and so is
// what the running variance gets.
//
// Source: S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network
// training by reducing internal covariate shift", ICML (2015), algorithm 1, and b/(b−1) of
// algorithm 2, step 10; the running mean is that of PyTorch's BatchNorm1d.
func BatchNorm[T Float](z Matrix[T], n Norm[T], saved, y Matrix[T]) {
	s := z.Cols
	if !z.is(z.Rows, s) || !y.is(z.Rows, s) || !saved.is(2, s) || !n.is(s) || len(n.Mean) != s || len(n.Variance) != s {
		panic(unfit("BatchNorm", "z saved y gamma beta mean variance", z, saved, y, biases(n.Gamma), biases(n.Beta), biases(n.Mean), biases(n.Variance)))
	}
	for from := 0; from < s; from += strip {
		batchNormStrip(z, n, saved, from, min(from+strip, s))
	}
	normalize(z, saved.Row(0), saved.Row(1), n, y)
}

// batchNormStrip saves μ and 1/√(σ² + ε) of columns from … to−1, at most strip of them, and
// moves their running mean and variance.
func batchNormStrip[T Float](z Matrix[T], n Norm[T], saved Matrix[T], from, to int) {
	var sum, squares [strip]float64
	b, mean, inverse := float64(z.Rows), saved.Row(0)[from:to], saved.Row(1)[from:to]
	for i := range z.Rows {
		for j, v := range z.Row(i)[from:to] {
			sum[j] += float64(v)
		}
	}
	for j := range mean {
		mean[j] = T(sum[j] / b)
	}
	for i := range z.Rows {
		for j, v := range z.Row(i)[from:to] {
			d := float64(v) - float64(mean[j])
			squares[j] += d * d
		}
	}
	for j := range inverse {
		inverse[j] = T(1 / math.Sqrt(squares[j]/b+NormEps))
		move(&n.Mean[from+j], float64(mean[j]))
		move(&n.Variance[from+j], squares[j]/max(b-1, 1))
	}
}

// move takes a running number to what a batch has.
func move[T Float](running *T, v float64) {
	*running = T((1-BatchNormMomentum)*float64(*running) + BatchNormMomentum*v)
}

// normalize is y = γ (z − mean) inverse + β, column by column.
func normalize[T Float](z Matrix[T], mean, inverse []T, n Norm[T], y Matrix[T]) {
	for i := range z.Rows {
		to := y.Row(i)
		for j, v := range z.Row(i) {
			to[j] = n.Gamma[j]*((v-mean[j])*inverse[j]) + n.Beta[j]
		}
	}
}

// BatchNormRunning is batch normalisation with the running mean and variance in place of
// those of the batch: what a net does once it is trained.
//
//	y_ij = γ_j (z_ij − mean_j)/√(variance_j + ε) + β_j
//
// z and y may be one. Source: as BatchNorm, algorithm 2, step 11.
func BatchNormRunning[T Float](z Matrix[T], n Norm[T], y Matrix[T]) {
	s := z.Cols
	if !z.is(z.Rows, s) || !y.is(z.Rows, s) || !n.is(s) || len(n.Mean) != s || len(n.Variance) != s {
		panic(unfit("BatchNormRunning", "z y gamma beta mean variance", z, y, biases(n.Gamma), biases(n.Beta), biases(n.Mean), biases(n.Variance)))
	}
	for from := 0; from < s; from += strip {
		var inverse [strip]float64
		to := min(from+strip, s)
		for j, v := range n.Variance[from:to] {
			inverse[j] = 1 / math.Sqrt(float64(v)+NormEps)
		}
		for i := range z.Rows {
			out := y.Row(i)
			for j := from; j < to; j++ {
				d := (float64(z.Row(i)[j]) - float64(n.Mean[j])) * inverse[j-from]
				out[j] = T(float64(n.Gamma[j])*d + float64(n.Beta[j]))
			}
		}
	}
}

// BatchNormDelta carries δ = ∂loss/∂y back through BatchNorm, and adds to the sums of the
// gradient:
//
//	Δγ_j += Σ_i δ_ij ẑ_ij,   Δβ_j += Σ_i δ_ij
//	back_ij = γ_j/√(σ_j² + ε) · (δ_ij − Σ_k δ_kj/b − ẑ_ij Σ_k δ_kj ẑ_kj/b)
//
// delta, z and back: b × s, saved: 2 × s, what BatchNorm left there; back may be delta. Of
// n only γ is used, of sum γ and β.
//
// Source: as BatchNorm, the six derivatives of section 3, with the third, ∂/∂μ, put into
// the fourth: Σ_i (z_ij − μ_j) is 0.
func BatchNormDelta[T Float](delta, z, saved Matrix[T], n, sum Norm[T], back Matrix[T]) {
	b, s := z.Rows, z.Cols
	if !z.is(b, s) || !delta.is(b, s) || !saved.is(2, s) || !back.is(b, s) || len(n.Gamma) != s || !sum.is(s) {
		panic(unfit("BatchNormDelta", "delta z saved back gamma sum-gamma sum-beta", delta, z, saved, back, biases(n.Gamma), biases(sum.Gamma), biases(sum.Beta)))
	}
	for from := 0; from < s; from += strip {
		batchNormDeltaStrip(delta, z, saved, n.Gamma, sum, back, from, min(from+strip, s))
	}
}

func batchNormDeltaStrip[T Float](delta, z, saved Matrix[T], gamma []T, sum Norm[T], back Matrix[T], from, to int) {
	var ofBeta, ofGamma [strip]float64
	b, inverse := float64(z.Rows), saved.Row(1)
	for i := range z.Rows {
		for j := from; j < to; j++ {
			d := float64(delta.Row(i)[j])
			ofBeta[j-from] += d
			ofGamma[j-from] += d * normalizedAt(z, saved, i, j)
		}
	}
	for i := range z.Rows {
		for j := from; j < to; j++ {
			rest := float64(delta.Row(i)[j]) - ofBeta[j-from]/b - normalizedAt(z, saved, i, j)*ofGamma[j-from]/b
			back.Row(i)[j] = T(float64(gamma[j]) * float64(inverse[j]) * rest)
		}
	}
	for j := from; j < to; j++ {
		sum.Gamma[j] += T(ofGamma[j-from])
		sum.Beta[j] += T(ofBeta[j-from])
	}
}
