package kernels

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/clprop/clprop/cl"
)

// MaxLayers is how many layers of weights Backprop and DescendAll take: their
// arguments must stay below the 1024 bytes that every device accepts.
const MaxLayers = 16

// Pass is what a batch needs on its way through all layers of a net and back: what
// Forward, OutputDelta and HiddenDelta of each layer get one by one.
type Pass struct {
	X     Matrix    // b × in of the first layer
	Theta []Weights // Θ of each layer
	A     []Matrix  // A[l] is what layer l gives, b × out; the last is h
	Delta []Matrix  // Delta[l] is δ of what layer l gives, b × out
	Z, Y  Matrix    // z(L) and the labels, b × out of the last layer

	Fetch *Fetch  // where X and Y are set from first; nil if they are there
	Costs *Losses // where the loss of each example goes; nil for nowhere
}

// Fetch is the set that the examples of a batch come from: X and Y are what Gather would make
// them.
type Fetch struct {
	X, Y  Matrix        // of the set
	Index *cl.MemObject // row numbers (int32) inside the set; the first is that of SetFirst
}

// backpropFrom is the position of from among the arguments of backprop.cl, with GATHER.
const backpropFrom = 12

// SetFirst sets the position in the index that a launch made by Backprop fetches examples from.
func (l *Launch) SetFirst(from int32) error { return l.setInt(backpropFrom, from) }

// check says what does not fit together.
func (p Pass) check(name string) error {
	layers := len(p.Theta)
	if layers < 1 || layers > MaxLayers || len(p.A) != layers || len(p.Delta) != layers {
		return fmt.Errorf("%s: %w: %d layers of weights, %d of activations, %d of δ; at most %d",
			name, ErrShape, layers, len(p.A), len(p.Delta), MaxLayers)
	}
	in := p.X.Cols
	for l, w := range p.Theta {
		a, delta := p.A[l], p.Delta[l]
		err := fits(name, w.In == in && a.Cols == w.Out && delta.Cols == w.Out && a.Rows == p.X.Rows &&
			delta.Rows == p.X.Rows && delta.LD == a.LD && inFloats(p.X, a, delta), "layer %d: weights %v, a %v, delta %v, %d examples", l, w, a, delta, p.X.Rows)
		if err != nil {
			return err
		}
		in = w.Out
	}
	h := p.A[layers-1]
	if f := p.Fetch; f != nil {
		err := fits(name, f.X.Cols == p.X.Cols && f.X.LD == p.X.LD && f.Y.Cols == p.Y.Cols && f.Y.LD == p.Y.LD && inFloats(f.X, f.Y),
			"x %v of %v, y %v of %v", p.X, f.X, p.Y, f.Y)
		if err != nil {
			return err
		}
	}
	if c := p.Costs; c != nil {
		if err := longEnough(name, c.operands(p.X.Rows)...); err != nil {
			return err
		}
	}
	return fits(name, p.Z.Cols == h.Cols && p.Z.Rows == h.Rows && p.Y.Cols == h.Cols && p.Y.Rows == h.Rows &&
		p.Z.LD == h.LD && p.Y.LD == h.LD && inFloats(p.Z, p.Y), "z %v, y %v, h %v", p.Z, p.Y, h)
}

// parts are the floats of scratch memory of a work-item of backprop.cl: all, and
// those of one of its two arrays for δ.
func (p Pass) parts(vw int) (all, wide int) {
	for _, w := range p.Theta {
		all += roundUp(w.In+1, vw) * vw
		wide = max(wide, roundUp(w.Out+1, vw)*vw)
	}
	return all + 2*wide, wide
}

// Backprops reports whether Backprop is there for nets of so many layers: it is for CPUs
// with vectors.
func (s *Set) Backprops(layers int) bool {
	return s.Tuning.Family == Block && s.Tuning.VW > 1 && layers <= MaxLayers
}

// BackpropFloats returns the floats of Backprop's scratch memory.
func (s *Set) BackpropFloats(p Pass) int {
	all, _ := p.parts(s.Tuning.VW)
	return ceilDiv(p.X.Rows, s.Tuning.VW) * all
}

// Backprop launches the way of a batch through all layers and back, with the bits of
// Forward, Activate, OutputDelta and HiddenDelta one by one: it sets A, Z and Delta.
// act is g of the hidden layers, output that of the last: softmax, sigmoid or linear. The
// loss has no weights, and g′ is written from a, not z. With p.Fetch it sets X and Y first, with
// p.Costs the losses, with the bits of Gather and RowCost. scratch has BackpropFloats floats.
// See backprop.cl.
func (s *Set) Backprop(act, output string, loss Loss, p Pass, scratch *cl.MemObject) (*Launch, error) {
	if err := p.check("backprop"); err != nil {
		return nil, err
	}
	if !s.Backprops(len(p.Theta)) || loss.Weight != nil || needsZ(act) {
		return nil, fmt.Errorf("backprop: %w: a kernel for CPUs with vectors, without weights of examples, and not for %s", ErrShape, act)
	}
	mac, err := p.macros(act, output, loss)
	if err != nil {
		return nil, err
	}
	k, err := s.kernel("backprop", mac, "each.cl", "square.cl", "activation.cl", "outputdelta.cl", "loss.cl", "backprop.cl")
	if err != nil {
		return nil, err
	}
	l, err := s.launch("backprop", k, []int{ceilDiv(p.X.Rows, s.Tuning.VW)}, []int{1})
	if err != nil {
		return nil, err
	}
	all, wide := p.parts(s.Tuning.VW)
	args := []any{p.X.Rows, p.X.Cols, scratch, all, wide, p.X.Buf, p.X.LD, p.Z.Buf, p.Y.Buf, p.Z.LD, loss.scale(p.Z.Cols), loss.Limit}
	if f := p.Fetch; f != nil {
		args = append(args, 0, f.Index, f.X.Buf, f.Y.Buf)
		l.Bytes += 2 * 4 * float64(p.X.Rows) * float64(p.X.Cols+p.Y.Cols)
	}
	if c := p.Costs; c != nil {
		args = append(args, c.Loss, c.Right)
	}
	for i, w := range p.Theta {
		args = append(args, w.Buf, w.Out, w.NR, w.Panel, p.A[i].Buf, p.Delta[i].Buf, p.A[i].LD)
		both := 4.0 // forward and back, a multiply and an add each
		if i == 0 {
			both = 2
		}
		l.FLOPs += both * float64(p.X.Rows) * float64(w.In+1) * float64(w.Out)
		l.Bytes += 2 * 4 * (float64(w.In+1)*float64(w.Out) + float64(p.X.Rows)*float64(w.Out))
	}
	l.Bytes += 4 * float64(p.X.Rows) * float64(p.X.Cols)
	return l.args(args...)
}

// macros are those of backprop.cl.
func (p Pass) macros(act, output string, loss Loss) (macros, error) {
	mac, err := activationMacro(act)
	if err != nil {
		return nil, err
	}
	ofLoss, err := loss.macros("backprop", p.X.Rows)
	if err != nil {
		return nil, err
	}
	maps.Copy(mac, ofLoss)
	maps.Copy(mac, macros{"ANY_LOSS": 1, "LAYERS": len(p.Theta)})
	if !slices.Contains([]string{"softmax", "sigmoid", "linear"}, output) {
		return nil, fmt.Errorf("no kernel backprop for output %q", output)
	}
	mac["OUT_"+strings.ToUpper(output)] = 1
	if p.Fetch != nil {
		mac["GATHER"] = 1
	}
	if p.Costs != nil {
		mac["COST"] = 1
	}
	return mac, nil
}
