package device

import (
	"errors"
	"fmt"
	"math"
)

// Shift moves the image in each row of A by up to By pixels each way and, if Flip, mirrors
// every other one, by chance. The same on every engine, and addressed by (Seed, Layer,
// Step, First+i). A and Out have Image.Size() columns, and memory of their own. See
// cpuref.Shift.
type Shift struct {
	A, Out Matrix
	Image  ImageShape
	By     int // 0 or more, and below height and width
	Flip   bool
	Seed   uint64
	Layer  uint32
	Step   *Scalar // a whole number, 0 or more; modulo 2³²
	First  *Scalar // the number of A's first row in its batch, see Dropout; nil means 0
}

// Noise is Out = A + Deviation·n, n normal, addressed as the mask of Dropout is, and the
// same on every engine but for the rounding of logarithm, root, sine and cosine. Out may be
// A. See cpuref.Noise.
type Noise struct {
	A, Out    Matrix
	Deviation float64 // 0 or more
	Seed      uint64
	Layer     uint32
	Step      *Scalar // as of Shift
	First     *Scalar
}

// Mixup is Out_i = λ A_i + (1−λ) A_j of neighbouring rows i and j, of inputs or of labels;
// memory of their own. Parts of a batch that begin at an even row have the pairs of the
// whole. See cpuref.Mixup.
type Mixup struct {
	A, Out Matrix
	Share  *Scalar // λ, 0 to 1
}

func (o Shift) check() error {
	if err := present("shift", o.A, o.Out); err != nil {
		return err
	}
	if o.Step == nil {
		return errors.New("shift: Step is missing")
	}
	if err := o.Image.Check(); err != nil {
		return fmt.Errorf("shift: %w", err)
	}
	if o.By < 0 || o.By >= min(o.Image.Height, o.Image.Width) {
		return fmt.Errorf("shift: by %d pixels: need 0 or more, and less than the image of %v has", o.By, o.Image)
	}
	if o.A == o.Out {
		return errors.New("shift: A is Out too: each needs memory of its own")
	}
	if o.A.Cols() != o.Image.Size() {
		return mismatch("shift", "%d columns for images of %v", o.A.Cols(), o.Image)
	}
	return sameShape("shift", o.A, o.Out)
}

func (o Noise) check() error {
	if err := present("noise", o.A, o.Out); err != nil {
		return err
	}
	if o.Step == nil {
		return errors.New("noise: Step is missing")
	}
	if !(o.Deviation >= 0 && o.Deviation <= math.MaxFloat32) { // so that NaN fails
		return fmt.Errorf("noise: the deviation is %v: need a number, 0 or more", o.Deviation)
	}
	return sameShape("noise", o.A, o.Out)
}

func (o Mixup) check() error {
	if err := present("mixup", o.A, o.Out); err != nil {
		return err
	}
	if o.Share == nil {
		return errors.New("mixup: Share is missing")
	}
	if o.A == o.Out {
		return errors.New("mixup: A is Out too: each needs memory of its own")
	}
	return sameShape("mixup", o.A, o.Out)
}
