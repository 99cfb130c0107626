package kernels

// Image is the shape of an example that is an image: pixel (y, x) of channel c is column
// (y·Width + x)·Channels + c.
type Image struct{ Height, Width, Channels int }

// Shift launches out = the images of a, moved by up to by pixels each way and, if flip,
// some of them mirrored; both rows × Height·Width·Channels, memory of their own, of floats or of halves. SetStreamStep gives
// the step and SetStreamFirst the number of the first row. See shift.cl.
func (s *Set) Shift(stream Stream, shape Image, by int, flip bool, a, out Matrix) (*Launch, error) {
	size := shape.Height * shape.Width * shape.Channels
	if err := fits("shift", a.Rows == out.Rows && a.Cols == size && out.Cols == a.Cols && a.Half == out.Half, "a %v, out %v, images of %v", a, out, shape); err != nil {
		return nil, err
	}
	k, err := s.kernel("shift", rowMacros(macros{"VW": 1}, a, out), "philox.cl", "shift.cl")
	if err != nil {
		return nil, err
	}
	l, err := s.overRows("shift", k, shape.Height*shape.Width, a.Rows)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * a.bytes(a.Rows*a.Cols)
	return l.args(a.Rows, shape.Height, uint32(0), uint32(0), a.Buf, a.LD, out.Buf, out.LD, shape.Width, shape.Channels,
		by, boolean(flip), stream.Layer, uint32(stream.Seed), uint32(stream.Seed>>32))
}
