package kernels

// batchNormPartFiles are those of the kernels of batch normalisation in parts.
var batchNormPartFiles = []string{"strip.cl", "activation.cl", "batchnorm.cl", "batchnormpart.cl"}

// BatchNormMoments launches mean and variance of the rows of z, rows × cols, of each column:
// saved is 2 × cols, and gets the means and then the variances. See batchnormpart.cl.
func (s *Set) BatchNormMoments(z, saved Matrix) (*Launch, error) {
	err := fits("batchnormmoments", inFloats(z) && savedFits(saved, z), "z %v, saved %v", z, saved)
	if err != nil {
		return nil, err
	}
	l, err := s.overColumns("batchnormmoments", z.Cols, macros{}, batchNormPartFiles...)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(z.Rows) * float64(z.Cols)
	return l.args(z.Rows, z.Cols, z.Buf, z.LD, saved.Buf, saved.LD)
}

// BatchNormGiven launches out = g(y), y = γ (z−μ) r + β, with μ and r in the two rows of
// saved. z and out are rows × cols and may be one; y, rows × cols, keeps y, unless it is nil. Of n γ
// and β are used. See batchnormpart.cl.
func (s *Set) BatchNormGiven(act string, z, saved Matrix, n Norm, out Matrix, y *Matrix) (*Launch, error) {
	err := fits("batchnormgiven", alike(z, y, out) && inFloats(out) && savedFits(saved, z) && n.of(z.Cols),
		"z %v, saved %v, out %v, γ %v", z, saved, out, n.Gamma)
	if err != nil {
		return nil, err
	}
	mac, err := normMacros(act, out, y)
	if err != nil {
		return nil, err
	}
	l, err := s.overColumns("batchnormgiven", z.Cols, mac, batchNormPartFiles...)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(z.Rows) * float64(z.Cols)
	return l.normArgs(y, z.Rows, z.Cols, z.Buf, z.LD, n.Gamma.Buf, n.Beta.Buf, saved.Buf, saved.LD, out.Buf, out.LD)
}

// BatchNormSums launches Δγ += Σ δ ẑ and Δβ += Σ δ over the rows of delta, rows × cols like z,
// or with fresh = for +=, into γ and β of sum. See batchnormpart.cl.
func (s *Set) BatchNormSums(delta, z, saved Matrix, sum Norm, fresh bool) (*Launch, error) {
	err := fits("batchnormsums", alike(z, nil, delta) && inFloats(delta) && savedFits(saved, z) && sum.of(z.Cols),
		"delta %v, z %v, saved %v, Δγ %v", delta, z, saved, sum.Gamma)
	if err != nil {
		return nil, err
	}
	l, err := s.overColumns("batchnormsums", z.Cols, macros{}, batchNormPartFiles...)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(z.Rows) * float64(z.Cols)
	return l.args(z.Rows, z.Cols, boolean(fresh), delta.Buf, delta.LD, z.Buf, z.LD, saved.Buf, saved.LD, sum.Gamma.Buf, sum.Beta.Buf)
}

// BatchNormBack launches the way back of these rows, with the sums over all rows, of which there
// are all, in γ and β of sum: delta is δ of y, back δ of z, both rows × cols like z, and they
// may be one. Of n γ is used. See batchnormpart.cl.
func (s *Set) BatchNormBack(delta, z, saved Matrix, n, sum Norm, all int, back Matrix) (*Launch, error) {
	err := fits("batchnormback", alike(z, nil, delta, back) && inFloats(delta) && savedFits(saved, z) && n.of(z.Cols) && sum.of(z.Cols) && all >= z.Rows,
		"delta %v, z %v of %d rows, saved %v, γ %v, Δγ %v, back %v", delta, z, all, saved, n.Gamma, sum.Gamma, back)
	if err != nil {
		return nil, err
	}
	l, err := s.overColumns("batchnormback", z.Cols, macros{}, batchNormPartFiles...)
	if err != nil {
		return nil, err
	}
	l.Bytes = 3 * 4 * float64(z.Rows) * float64(z.Cols)
	return l.args(z.Rows, z.Cols, float32(all), delta.Buf, delta.LD, z.Buf, z.LD, saved.Buf, saved.LD,
		n.Gamma.Buf, sum.Gamma.Buf, sum.Beta.Buf, back.Buf, back.LD)
}

// savedFits reports whether saved has two numbers for each column of z.
func savedFits(saved, z Matrix) bool {
	return inFloats(saved) && saved.Rows == 2 && saved.Cols == z.Cols
}
