package cpuref

import "math"

// Moments are the mean and the variance, Σ (z − μ)²/Rows, of each column of some rows.
type Moments struct {
	Rows           int
	Mean, Variance []float64
}

// BatchNormMoments is the first half of BatchNorm where z, b × s, is a part of a batch: the
// means of its columns, and then their variances, into saved, 2 × s. JoinMoments puts those of all
// parts together.
func BatchNormMoments[T Float](z, saved Matrix[T]) {
	if !z.is(z.Rows, z.Cols) || !saved.is(2, z.Cols) {
		panic(unfit("BatchNormMoments", "z saved", z, saved))
	}
	for from := 0; from < z.Cols; from += strip {
		var mean, squares [strip]float64
		to, b := min(from+strip, z.Cols), float64(z.Rows)
		for i := range z.Rows {
			for j, v := range z.Row(i)[from:to] {
				mean[j] += float64(v) / b
			}
		}
		for i := range z.Rows {
			for j, v := range z.Row(i)[from:to] {
				d := float64(v) - mean[j]
				squares[j] += d * d
			}
		}
		for j := from; j < to; j++ {
			saved.Row(0)[j], saved.Row(1)[j] = T(mean[j-from]), T(squares[j-from]/b)
		}
	}
}

// JoinMoments are the moments of all rows of which each part has some, added in the order of
// the parts; those without rows have none. With d = μ_B − μ_A, of two parts A and B it is
//
//	n = n_A + n_B,   μ = μ_A + d n_B/n,   n σ² = n_A σ_A² + n_B σ_B² + d² n_A n_B/n
//
// Source: T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise
// algorithm for computing sample variances", Stanford STAN-CS-79-773 (1979), eq. 2.1.
func JoinMoments(parts []Moments) (all Moments) {
	for _, part := range parts {
		switch {
		case part.Rows == 0:
			continue
		case all.Rows == 0:
			all.Mean, all.Variance = make([]float64, len(part.Mean)), make([]float64, len(part.Mean))
		}
		a, b := float64(all.Rows), float64(part.Rows)
		for j := range all.Mean {
			d := part.Mean[j] - all.Mean[j]
			all.Mean[j] += d * b / (a + b)
			all.Variance[j] = (a*all.Variance[j] + b*part.Variance[j] + d*d*a*b/(a+b)) / (a + b)
		}
		all.Rows += part.Rows
	}
	return all
}

// Saved writes μ and then 1/√(σ² + ε), what BatchNorm keeps for the way back, into 2 × s numbers.
func (m Moments) Saved(to []float32) {
	for j, mean := range m.Mean {
		to[j], to[len(m.Mean)+j] = float32(mean), float32(1/math.Sqrt(m.Variance[j]+NormEps))
	}
}

// Move takes a running mean and variance to those of a batch, as BatchNorm does.
func (m Moments) Move(mean, variance []float32) {
	n := float64(m.Rows)
	for j := range m.Mean {
		move(&mean[j], m.Mean[j])
		move(&variance[j], m.Variance[j]*n/max(n-1, 1))
	}
}

// BatchNormGiven is the second half: y = γ (z − μ)/√(σ² + ε) + β with μ and 1/√(σ² + ε) of all
// rows in saved, 2 × s. z and y, b × s, may be one.
func BatchNormGiven[T Float](z, saved Matrix[T], n Norm[T], y Matrix[T]) {
	s := z.Cols
	if !z.is(z.Rows, s) || !y.is(z.Rows, s) || !saved.is(2, s) || !n.is(s) {
		panic(unfit("BatchNormGiven", "z saved y gamma beta", z, saved, y, biases(n.Gamma), biases(n.Beta)))
	}
	normalize(z, saved.Row(0), saved.Row(1), n, y)
}

// BatchNormSums is the first half of BatchNormDelta, of a part of the rows:
//
//	Δγ_j += Σ_i δ_ij ẑ_ij,   Δβ_j += Σ_i δ_ij
//
// delta and z: b × s, saved: 2 × s, as BatchNormGiven reads it; of sum γ and β.
func BatchNormSums[T Float](delta, z, saved Matrix[T], sum Norm[T]) {
	s := z.Cols
	if !z.is(z.Rows, s) || !delta.is(z.Rows, s) || !saved.is(2, s) || !sum.is(s) {
		panic(unfit("BatchNormSums", "delta z saved sum-gamma sum-beta", delta, z, saved, biases(sum.Gamma), biases(sum.Beta)))
	}
	for from := 0; from < s; from += strip {
		var ofBeta, ofGamma [strip]float64
		to := min(from+strip, s)
		for i := range z.Rows {
			for j := from; j < to; j++ {
				d := float64(delta.Row(i)[j])
				ofBeta[j-from] += d
				ofGamma[j-from] += d * normalizedAt(z, saved, i, j)
			}
		}
		for j := from; j < to; j++ {
			sum.Gamma[j] += T(ofGamma[j-from])
			sum.Beta[j] += T(ofBeta[j-from])
		}
	}
}

// BatchNormBack is the second half, with Δγ and Δβ of all n rows in sum:
//
//	back_ij = γ_j/√(σ_j² + ε) · (δ_ij − Δβ_j/n − ẑ_ij Δγ_j/n)
//
// delta, z and back: b × s, and back may be delta; of norm only γ is used.
func BatchNormBack[T Float](delta, z, saved Matrix[T], norm, sum Norm[T], n int, back Matrix[T]) {
	b, s := z.Rows, z.Cols
	if !z.is(b, s) || !delta.is(b, s) || !saved.is(2, s) || !back.is(b, s) || len(norm.Gamma) != s || !sum.is(s) {
		panic(unfit("BatchNormBack", "delta z saved back gamma sum-gamma sum-beta", delta, z, saved, back, biases(norm.Gamma), biases(sum.Gamma), biases(sum.Beta)))
	}
	for i := range b {
		for j := range s {
			rest := float64(delta.Row(i)[j]) - float64(sum.Beta[j])/float64(n) - normalizedAt(z, saved, i, j)*float64(sum.Gamma[j])/float64(n)
			back.Row(i)[j] = T(float64(norm.Gamma[j]) * float64(saved.Row(1)[j]) * rest)
		}
	}
}

// normalizedAt is ẑ_ij.
func normalizedAt[T Float](z, saved Matrix[T], i, j int) float64 {
	return (float64(z.Row(i)[j]) - float64(saved.Row(0)[j])) * float64(saved.Row(1)[j])
}
