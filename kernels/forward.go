package kernels

import (
	"slices"

	"github.com/clprop/clprop/cl"
)

// Forward launches out = g(a Wᵀ + 1 θ0ᵀ): a is b × in, out b × out. act is any
// activation but softmax. Either may be halves. See forward.cl.
func (s *Set) Forward(act string, a Matrix, w Weights, out Matrix) (*Launch, error) {
	return s.forward(act, a, w, out, nil)
}

// ForwardKeepingZ is Forward that stores a Wᵀ + 1 θ0ᵀ too, in z, b × out.
func (s *Set) ForwardKeepingZ(act string, a Matrix, w Weights, out, z Matrix) (*Launch, error) {
	if err := fits("forward", z.Cols == out.Cols && z.Rows == out.Rows && z.Half == out.Half, "out %v, z %v", out, z); err != nil {
		return nil, err
	}
	return s.forward(act, a, w, out, &z)
}

func (s *Set) forward(act string, a Matrix, w Weights, out Matrix, z *Matrix) (*Launch, error) {
	err := fits("forward", a.Cols == w.In && out.Cols == w.Out && a.Rows == out.Rows,
		"a %v, weights %v, out %v", a, w, out)
	if err != nil {
		return nil, err
	}
	extra := macros{}
	extra.half("A_HALF", a)
	extra.half("C_HALF", out)
	if z != nil {
		extra["KEEP_Z"] = 1
	}
	l, err := s.product("forward", act, a.Rows, w.Out, w.In+1, w.NR, extra)
	if err != nil {
		return nil, err
	}
	l.FLOPs = 2 * float64(a.Rows) * float64(w.In+1) * float64(w.Out)
	l.Bytes = a.bytes(a.Rows*w.In) + out.bytes(out.Rows*w.Out) + 4*float64(w.In+1)*float64(w.Out)
	s.byBlocks(l, a, w.Buf)
	l.writes = []*cl.MemObject{out.Buf}
	args := []any{a.Rows, w.Out, w.In + 1, a.Buf, a.LD, w.Buf, w.Panel, w.NR, out.Buf, out.LD}
	if l.product && !a.Half {
		l.byNumber = slices.Index(args, any(a.Buf))
	}
	if z != nil {
		l.Bytes += z.bytes(z.Rows * z.Cols)
		l.writes = append(l.writes, z.Buf)
		args = append(args, z.Buf, z.LD)
	}
	return l.args(args...)
}
