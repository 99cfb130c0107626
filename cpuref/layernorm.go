package cpuref

import "math"

// LayerNorm is layer normalisation, for every example i over the units j:
//
//	μ_i = Σ_j z_ij/s,   σ_i² = Σ_j (z_ij − μ_i)²/s,   ẑ_ij = (z_ij − μ_i)/√(σ_i² + ε),   y_ij = γ_j ẑ_ij + β_j
//
// z and y: b × s, and may be one; saved: b × 2, μ and 1/√(σ² + ε) of each row, for
// LayerNormDelta, or no matrix at all. Sums are float64 in either type. One unit alone
// has σ² = 0 and y = β. It is the same in training and afterwards.
//
// Source: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization",
// arXiv:1607.06450 (2016), eq. 3 and 4, with ε as PyTorch's LayerNorm has it.
func LayerNorm[T Float](z Matrix[T], n Norm[T], saved, y Matrix[T]) {
	b, s := z.Rows, z.Cols
	save := saved.Data != nil
	if !z.is(b, s) || !y.is(b, s) || save && !saved.is(b, 2) || !n.is(s) {
		panic(unfit("LayerNorm", "z saved y gamma beta", z, saved, y, biases(n.Gamma), biases(n.Beta)))
	}
	for i := range b {
		mean, inverse := moments(z.Row(i))
		to := y.Row(i)
		for j, v := range z.Row(i) {
			to[j] = n.Gamma[j]*((v-mean)*inverse) + n.Beta[j]
		}
		if save {
			saved.Row(i)[0], saved.Row(i)[1] = mean, inverse
		}
	}
}

// moments are μ and 1/√(σ² + ε) of a row.
func moments[T Float](z []T) (mean, inverse T) {
	sum, squares, s := 0.0, 0.0, float64(len(z))
	for _, v := range z {
		sum += float64(v)
	}
	mean = T(sum / s)
	for _, v := range z {
		d := float64(v) - float64(mean)
		squares += d * d
	}
	return mean, T(1 / math.Sqrt(squares/s+NormEps))
}

// LayerNormDelta carries δ = ∂loss/∂y back through LayerNorm, and adds to the sums of the
// gradient; with g_ij = δ_ij γ_j it is
//
//	Δγ_j += Σ_i δ_ij ẑ_ij,   Δβ_j += Σ_i δ_ij
//	back_ij = 1/√(σ_i² + ε) · (g_ij − Σ_k g_ik/s − ẑ_ij Σ_k g_ik ẑ_ik/s)
//
// delta, z and back: b × s, saved: b × 2, what LayerNorm left there; back may be delta. Of
// n only γ is used, of sum γ and β.
//
// Source: the derivatives of LayerNorm's equations, which are those of BatchNormDelta with
// rows for columns.
func LayerNormDelta[T Float](delta, z, saved Matrix[T], n, sum Norm[T], back Matrix[T]) {
	b, s := z.Rows, z.Cols
	if !z.is(b, s) || !delta.is(b, s) || !saved.is(b, 2) || !back.is(b, s) || len(n.Gamma) != s || !sum.is(s) {
		panic(unfit("LayerNormDelta", "delta z saved back gamma sum-gamma sum-beta", delta, z, saved, back, biases(n.Gamma), biases(sum.Gamma), biases(sum.Beta)))
	}
	for from := 0; from < s; from += strip {
		layerNormSums(delta, z, saved, sum, from, min(from+strip, s))
	}
	for i := range b {
		layerNormBack(delta.Row(i), z.Row(i), saved.Row(i), n.Gamma, back.Row(i))
	}
}

// layerNormSums adds to Δγ and Δβ of columns from … to−1, at most strip of them.
func layerNormSums[T Float](delta, z, saved Matrix[T], sum Norm[T], from, to int) {
	var ofBeta, ofGamma [strip]float64
	for i := range z.Rows {
		mean, inverse, row := float64(saved.Row(i)[0]), float64(saved.Row(i)[1]), z.Row(i)[from:to]
		for j, d := range delta.Row(i)[from:to] {
			ofBeta[j] += float64(d)
			ofGamma[j] += float64(d) * ((float64(row[j]) - mean) * inverse)
		}
	}
	for j := from; j < to; j++ {
		sum.Gamma[j] += T(ofGamma[j-from])
		sum.Beta[j] += T(ofBeta[j-from])
	}
}

// layerNormBack is one row of back.
func layerNormBack[T Float](delta, z, saved, gamma, back []T) {
	mean, inverse, s := float64(saved[0]), float64(saved[1]), float64(len(z))
	var sum, along float64
	for j, d := range delta {
		g := float64(d) * float64(gamma[j])
		sum += g
		along += g * ((float64(z[j]) - mean) * inverse)
	}
	for j, d := range delta {
		g, normalized := float64(d)*float64(gamma[j]), (float64(z[j])-mean)*inverse
		back[j] = T(inverse * (g - sum/s - normalized*along/s))
	}
}
