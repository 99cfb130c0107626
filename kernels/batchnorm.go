package kernels

// batchNormFiles are those of the kernels of batch normalisation.
var batchNormFiles = []string{"strip.cl", "activation.cl", "batchnorm.cl"}

// BatchNorm launches out = g(y), y = γ (z−μ)/√(σ²+ε) + β, with μ and σ² of the rows of z,
// and moves n's running mean and variance towards them. z and out are rows × cols and may
// be one; saved is 2 × cols, for BatchNormDelta; y, rows × cols, keeps y, unless it is nil.
// out and y may be halves. See batchnorm.cl.
func (s *Set) BatchNorm(act string, z Matrix, n Norm, saved, out Matrix, y *Matrix) (*Launch, error) {
	err := fits("batchnorm", alike(z, y, out) && savedFits(saved, z) && n.of(z.Cols) &&
		n.Mean.In == 0 && n.Mean.Out == z.Cols && n.Variance.In == 0 && n.Variance.Out == z.Cols,
		"z %v, saved %v, out %v, γ %v, mean %v", z, saved, out, n.Gamma, n.Mean)
	if err != nil {
		return nil, err
	}
	mac, err := normMacros(act, out, y)
	if err != nil {
		return nil, err
	}
	l, err := s.overColumns("batchnorm", z.Cols, mac, batchNormFiles...)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(z.Rows) * float64(z.Cols)
	bessel := float32(float64(z.Rows) / float64(max(z.Rows-1, 1)))
	return l.normArgs(y, z.Rows, z.Cols, float32(n.Share), bessel, float32(n.Eps), z.Buf, z.LD, n.Gamma.Buf, n.Beta.Buf,
		n.Mean.Buf, n.Variance.Buf, saved.Buf, saved.LD, out.Buf, out.LD)
}

// BatchNormRunning launches out = g(y), y = γ (z−mean)/√(variance+ε) + β, with n's running
// mean and variance. z and out are rows × cols and may be one; y and halves as of BatchNorm. See
// batchnorm.cl.
func (s *Set) BatchNormRunning(act string, z Matrix, n Norm, out Matrix, y *Matrix) (*Launch, error) {
	err := fits("batchnormrunning", alike(z, y, out) && n.of(z.Cols) &&
		n.Mean.In == 0 && n.Mean.Out == z.Cols && n.Variance.In == 0 && n.Variance.Out == z.Cols,
		"z %v, out %v, γ %v, mean %v", z, out, n.Gamma, n.Mean)
	if err != nil {
		return nil, err
	}
	mac, err := normMacros(act, out, y)
	if err != nil {
		return nil, err
	}
	l, err := s.overColumns("batchnormrunning", z.Cols, mac, batchNormFiles...)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(z.Rows) * float64(z.Cols)
	return l.normArgs(y, z.Rows, z.Cols, float32(n.Eps), z.Buf, z.LD, n.Gamma.Buf, n.Beta.Buf, n.Mean.Buf, n.Variance.Buf, out.Buf, out.LD)
}

// BatchNormDelta launches the way back through BatchNorm: delta is δ of y, back δ of z,
// both rows × cols like z, and they may be one, and halves; γ and β of sum get Δγ and Δβ added, or with
// fresh set. Of n only γ is used. See batchnorm.cl.
func (s *Set) BatchNormDelta(delta, z, saved Matrix, n, sum Norm, fresh bool, back Matrix) (*Launch, error) {
	err := fits("batchnormdelta", alike(z, nil, delta, back) && savedFits(saved, z) && n.of(z.Cols) && sum.of(z.Cols),
		"delta %v, z %v, saved %v, γ %v, Δγ %v, back %v", delta, z, saved, n.Gamma, sum.Gamma, back)
	if err != nil {
		return nil, err
	}
	l, err := s.overColumns("batchnormdelta", z.Cols, rowMacros(macros{}, delta, back), batchNormFiles...)
	if err != nil {
		return nil, err
	}
	l.Bytes = 3 * 4 * float64(z.Rows) * float64(z.Cols)
	return l.args(z.Rows, z.Cols, boolean(fresh), delta.Buf, delta.LD, z.Buf, z.LD, saved.Buf, saved.LD,
		n.Gamma.Buf, sum.Gamma.Buf, sum.Beta.Buf, back.Buf, back.LD)
}
