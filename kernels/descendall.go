package kernels

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/clprop/clprop/cl"
)

// descendAllRate is the position of α among the arguments of descendall.cl.
const descendAllRate = 3

// nearDelta is how many floats of δ a block reads where it can count on them to stay in the first-level cache.
const nearDelta = 4096

// Descent is what Descend works on for one layer: Delta is b × out, A b × in.
type Descent struct {
	Delta, A Matrix
	Theta    Weights
}

// DescendsAll reports whether DescendAll is there for so many layers: it is for CPUs.
func (s *Set) DescendsAll(layers int) bool {
	return s.Tuning.Family == Block && layers >= 1 && layers <= MaxLayers
}

// DescendAll launches Descend of every layer of a net, with the same bits. All have b
// examples, which are added to a tally first unless that is nil. SetDescentRateAll gives α.
// See descendall.cl.
func (s *Set) DescendAll(layers []Descent, lambda float32, m int, tally *Tallied) (*Launch, error) {
	var theta []Weights
	for _, d := range layers {
		theta = append(theta, d.Theta)
	}
	return s.alongAll("descendall", layers, lambda, m, theta, tally, macros{})
}

// GradientAll launches Accumulate (fresh) and Gradient of every layer of a net, with the
// same bits for m below 2²²: D = (δᵀ[a 1] + λΘ)/m into grad, which has the layers of Θ. tally is as in
// DescendAll. See descendall.cl.
func (s *Set) GradientAll(layers []Descent, lambda float32, m int, grad []Weights, tally *Tallied) (*Launch, error) {
	if len(grad) != len(layers) {
		return nil, fmt.Errorf("gradientall: %w: %d layers, %d of the gradient", ErrShape, len(layers), len(grad))
	}
	l, err := s.alongAll("gradientall", layers, lambda, m, grad, tally, macros{"GRADIENT": 1})
	if err == nil {
		l.Name = "gradientall" // a build of the kernel descendall
	}
	return l, err
}

// alongAll launches descendall.cl, which writes to the weights of to.
func (s *Set) alongAll(name string, layers []Descent, lambda float32, m int, to []Weights, tally *Tallied, mac macros) (*Launch, error) {
	if !s.DescendsAll(len(layers)) || m < 1 {
		return nil, fmt.Errorf("%s: %w: %d layers, at most %d on a CPU, m %d", name, ErrShape, len(layers), MaxLayers, m)
	}
	t, rows := s.Tuning, layers[0].A.Rows
	wide := mostWeights(layers).Out
	mr, nv := t.MRs[0], t.vectors(wide)
	if rows >= lastExamples {
		t.setLast(mac, wide, nv)
	}
	nr := nv * t.VW
	if rows*nr <= nearDelta {
		mac["NEAR"] = 1
	}
	// a work-item of fewer multiply-adds costs more to start than to do
	strip := min(max(4, 256/rows), 64)
	of := along{args: []any{rows, lambda, float32(m), float32(0), strip}, parts: []int{0}}
	if tally != nil {
		if err := longEnough(name, tally.operands(rows)...); err != nil {
			return nil, err
		}
		mac["TALLY"] = 1
		of.parts[0]++
		of.args, of.writes = append(of.args, tally.Loss, tally.Right, tally.Tally), append(of.writes, tally.Tally)
	}
	for l, d := range layers {
		w := d.Theta
		err := fits(name, d.Delta.Cols == w.Out && d.A.Cols == w.In && d.Delta.Rows == rows && d.A.Rows == rows &&
			to[l].In == w.In && to[l].Out == w.Out && inFloats(d.A, d.Delta), "layer %d: delta %v, a %v, theta %v, into %v", l, d.Delta, d.A, w, to[l])
		if err != nil {
			return nil, err
		}
		of.add(d, to[l], ceilDiv(w.In+1, mr*strip)*ceilDiv(w.Out, nr))
	}
	maps.Copy(mac, macros{"TA": 1, "LAYERS": len(layers), "MR": mr, "NV": nv, "ACT_LINEAR": 1})
	k, err := s.kernel("descendall", mac, "each.cl", "block.cl", "activation.cl", "tally.cl", "descend.cl", "descendall.cl")
	if err != nil {
		return nil, err
	}
	items := 0
	for _, n := range of.parts {
		items += n
	}
	l, err := s.launch("descendall", k, []int{items}, []int{1})
	if err != nil {
		return nil, err
	}
	l.FLOPs, l.Bytes, l.parts = of.flops, of.bytes, of.parts
	l.writes, l.byNumber = of.writes, slices.Index(of.args, any(layers[0].A.Buf))
	return l.args(of.args...)
}

// along is what a launch of descendall.cl has of its layers.
type along struct {
	args         []any
	writes       []*cl.MemObject
	parts        []int // see Launch
	large        bool  // the last layer is a part of its own
	flops, bytes float64
}

// add adds a layer of so many work-items, whose results go to the weights of to.
func (a *along) add(d Descent, to Weights, items int) {
	w, before := d.Theta, a.large
	if a.large = 4*w.Floats() > nearWeights; (a.large || before) && a.parts[len(a.parts)-1] > 0 {
		a.parts = append(a.parts, 0)
	}
	a.parts[len(a.parts)-1] += items
	a.writes = append(a.writes, to.Buf)
	a.args = append(a.args, w.Buf, to.Buf, w.In, w.Out, w.NR, w.Panel, d.A.Buf, d.A.LD, d.Delta.Buf, d.Delta.LD)
	weights := float64(w.In+1) * float64(w.Out)
	a.flops += 2 * float64(d.A.Rows) * weights
	a.bytes += 4 * (float64(d.A.Rows)*float64(w.In+w.Out) + 2*weights)
}

// mostWeights is Θ of the layer that has the most.
func mostWeights(layers []Descent) Weights {
	return slices.MaxFunc(layers, func(a, b Descent) int { return cmp.Compare(a.Theta.Floats(), b.Theta.Floats()) }).Theta
}

// SetDescentRateAll sets the learning rate α of a launch made by DescendAll.
func (l *Launch) SetDescentRateAll(rate float32) error { return l.setFloat(descendAllRate, rate) }
