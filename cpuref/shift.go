package cpuref

import (
	"fmt"
	"math"
)

// ImageShape says that an example is an image: its pixel (y, x) of channel c is column
// (y·Width + x)·Channels + c.
type ImageShape struct{ Height, Width, Channels int }

// Size is the number of columns, Height·Width·Channels.
func (s ImageShape) Size() int { return s.Height * s.Width * s.Channels }

// String is the shape as --image-shape takes it, such as "28x28x1".
func (s ImageShape) String() string { return fmt.Sprintf("%dx%dx%d", s.Height, s.Width, s.Channels) }

// Check refuses what is no shape of an image.
func (s ImageShape) Check() error {
	size := 1
	for _, n := range []int{s.Height, s.Width, s.Channels} {
		if n < 1 || n > math.MaxInt32/size {
			return fmt.Errorf("an image of %v: need height, width and channels of 1 or more, with a product below 2³¹", s)
		}
		size *= n
	}
	return nil
}

// Shift moves the image in each row of a by up to by pixels up or down and left or right,
// and mirrors some, if flip, each with probability ½:
//
//	out(y, x, c) = a(y + dy, x′ + dx, c), or 0 where that is outside
//	x′ = Width−1−x if mirrored, else x
//
// With first+i the row's number in its batch and w = Philox(0, first+i, layer, step; seed),
// dy = ⌊w0 (2·by+1)/2³²⌋ − by, dx the same of w1, and it is mirrored if w2 ≥ 2³¹. So s is
// NewStream(seed, layer, step), and the result the same bits everywhere. a and out have
// shape.Size() columns, the same number of rows, and memory of their own.
//
// Source: P. Y. Simard, D. Steinkraus and J. C. Platt, "Best practices for convolutional
// neural networks applied to visual document analysis", ICDAR (2003), §2.
func Shift[T Float](s Stream, shape ImageShape, by int, flip bool, first int, a, out Matrix[T]) {
	if !a.is(out.Rows, shape.Size()) || !out.is(out.Rows, shape.Size()) {
		panic(unfit("Shift", "a out", a, out))
	}
	for i := range a.Rows {
		w := s.words(uint64(first+i) << 32)
		span := uint64(2*by + 1)
		dy, dx := int(uint64(w[0])*span>>32)-by, int(uint64(w[1])*span>>32)-by
		mirrored := flip && w[2]>>31 == 1
		from, to := a.Row(i), out.Row(i)
		for y := range shape.Height {
			for x := range shape.Width {
				fromY, fromX := y+dy, x+dx
				if mirrored {
					fromX = shape.Width - 1 - x + dx
				}
				pixel := to[(y*shape.Width+x)*shape.Channels:][:shape.Channels]
				if fromY < 0 || fromY >= shape.Height || fromX < 0 || fromX >= shape.Width {
					clear(pixel)
					continue
				}
				copy(pixel, from[(fromY*shape.Width+fromX)*shape.Channels:])
			}
		}
	}
}
