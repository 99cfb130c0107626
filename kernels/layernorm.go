package kernels

// layerNormFiles are those of the kernels of layer normalisation.
var layerNormFiles = []string{"strip.cl", "activation.cl", "layernorm.cl"}

// LayerNorm launches out = g(y), y = γ (z−μ)/√(σ²+ε) + β, with μ and σ² of each row of z. z
// and out are rows × cols and may be one; saved, rows × 2, is for LayerNormDelta, and y, rows
// × cols, keeps y; each may be nil. out and y may be halves. See layernorm.cl.
func (s *Set) LayerNorm(act string, z Matrix, n Norm, saved *Matrix, out Matrix, y *Matrix) (*Launch, error) {
	err := fits("layernorm", alike(z, y, out) && n.of(z.Cols) && (saved == nil || inFloats(*saved) && saved.Rows == z.Rows && saved.Cols == 2),
		"z %v, saved %v, out %v, γ %v", z, saved, out, n.Gamma)
	if err != nil {
		return nil, err
	}
	mac, err := normMacros(act, out, y)
	if err != nil {
		return nil, err
	}
	args := []any{z.Rows, z.Cols, float32(n.Eps), z.Buf, z.LD, n.Gamma.Buf, n.Beta.Buf}
	if saved == nil {
		mac["FORGET"] = 1
	} else {
		args = append(args, saved.Buf, saved.LD)
	}
	l, err := s.byRow("layernorm", z.Rows, mac, layerNormFiles...)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(z.Rows) * float64(z.Cols)
	return l.normArgs(y, append(args, out.Buf, out.LD)...)
}

// LayerNormSums launches adding Δγ and Δβ of δ of y to γ and β of sum, or with fresh
// setting them. delta, which may be halves, and z are rows × cols, saved is what LayerNorm left
// there. See layernorm.cl.
func (s *Set) LayerNormSums(delta, z, saved Matrix, sum Norm, fresh bool) (*Launch, error) {
	err := fits("layernormsums", alike(z, nil, delta) && inFloats(saved) && saved.Rows == z.Rows && saved.Cols == 2 && sum.of(z.Cols),
		"delta %v, z %v, saved %v, Δγ %v", delta, z, saved, sum.Gamma)
	if err != nil {
		return nil, err
	}
	l, err := s.overColumns("layernormsums", z.Cols, rowMacros(macros{}, delta, delta), layerNormFiles...)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(z.Rows) * float64(z.Cols)
	return l.args(z.Rows, z.Cols, boolean(fresh), delta.Buf, delta.LD, z.Buf, z.LD, saved.Buf, saved.LD, sum.Gamma.Buf, sum.Beta.Buf)
}

// LayerNormDelta launches the way back through LayerNorm: delta is δ of y, back δ of z, both
// rows × cols like z, and they may be one, and halves. Of n only γ is used. See layernorm.cl.
func (s *Set) LayerNormDelta(delta, z, saved Matrix, n Norm, back Matrix) (*Launch, error) {
	err := fits("layernormdelta", alike(z, nil, delta, back) && inFloats(saved) && saved.Rows == z.Rows && saved.Cols == 2 && n.of(z.Cols),
		"delta %v, z %v, saved %v, γ %v, back %v", delta, z, saved, n.Gamma, back)
	if err != nil {
		return nil, err
	}
	l, err := s.byRow("layernormdelta", z.Rows, rowMacros(macros{}, delta, back), layerNormFiles...)
	if err != nil {
		return nil, err
	}
	l.Bytes = 3 * 4 * float64(z.Rows) * float64(z.Cols)
	return l.args(z.Rows, z.Cols, delta.Buf, delta.LD, z.Buf, z.LD, saved.Buf, saved.LD, n.Gamma.Buf, back.Buf, back.LD)
}
