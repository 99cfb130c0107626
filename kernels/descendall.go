package kernels

import "fmt"

// descendAllRate is the position of α among the arguments of descendall.cl.
const descendAllRate = 3

// blocksPerStrip is STRIP of descendall.cl.
const blocksPerStrip = 4

// DescendAll launches Descend of every layer of a net, with the same bits. A and Delta
// of the Pass are read, X too; Z and Y are not used. SetDescentRateAll gives α.
// See descendall.cl.
func (s *Set) DescendAll(p Pass, lambda float32, m int) (*Launch, error) {
	if err := p.check("descendall"); err != nil {
		return nil, err
	}
	if !s.Backprops(len(p.Theta)) || m < 1 {
		return nil, fmt.Errorf("descendall: %w: a kernel for CPUs with vectors; m %d", ErrShape, m)
	}
	t := s.Tuning
	mr, nr := t.MRs[0], t.NV*t.VW
	mac := macros{"TA": 1, "LAYERS": len(p.Theta), "MR": mr, "NV": t.NV, "STRIP": blocksPerStrip, "ACT_LINEAR": 1}
	if m&(m-1) == 0 {
		mac["EXACT_INVERSE"] = 1
	}
	k, err := s.kernel("descendall", mac, "each.cl", "block.cl", "activation.cl", "descend.cl", "descendall.cl")
	if err != nil {
		return nil, err
	}
	items := 0
	args := []any{p.X.Rows, lambda, float32(m), float32(0)}
	flops, bytes := 0.0, 0.0
	a := p.X
	for i, w := range p.Theta {
		items += ceilDiv(w.In+1, mr*blocksPerStrip) * ceilDiv(w.Out, nr)
		args = append(args, w.Buf, w.In, w.Out, w.NR, w.Panel, a.Buf, a.LD, p.Delta[i].Buf, p.Delta[i].LD)
		weights := float64(w.In+1) * float64(w.Out)
		flops += 2 * float64(a.Rows) * weights
		bytes += 4 * (float64(a.Rows)*float64(w.In+w.Out) + 2*weights)
		a = p.A[i]
	}
	l, err := s.launch("descendall", k, []int{items}, []int{1})
	if err != nil {
		return nil, err
	}
	l.FLOPs, l.Bytes = flops, bytes
	return l.args(args...)
}

// SetDescentRateAll sets the learning rate α of a launch made by DescendAll.
func (l *Launch) SetDescentRateAll(rate float32) error { return l.setFloat(descendAllRate, rate) }
