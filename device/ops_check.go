package device

import (
	"errors"
	"fmt"
)

// ErrShape is wrapped by every error about operands that do not fit together.
var ErrShape = errors.New("operands do not fit")

func mismatch(op, format string, args ...any) error {
	return fmt.Errorf("%s: %w: %s", op, ErrShape, fmt.Sprintf(format, args...))
}

func present(op string, operands ...any) error {
	for i, o := range operands {
		if o == nil {
			return fmt.Errorf("%s: operand %d is missing", op, i)
		}
	}
	return nil
}

func layerShape(op string, p Parameters, layer int) (Shape, error) {
	shapes := p.Shapes()
	if layer < 0 || layer >= len(shapes) {
		return Shape{}, mismatch(op, "layer %d of %d", layer, len(shapes))
	}
	return shapes[layer], nil
}

func sameShape(op string, first Matrix, others ...Matrix) error {
	for _, m := range others {
		if m.Rows() != first.Rows() || m.Cols() != first.Cols() {
			return mismatch(op, "%d×%d with %d×%d", first.Rows(), first.Cols(), m.Rows(), m.Cols())
		}
	}
	return nil
}

func sameLayers(op string, first Parameters, others ...Parameters) error {
	a := first.Shapes()
	for _, p := range others {
		b := p.Shapes()
		if len(a) != len(b) {
			return mismatch(op, "%d layers with %d", len(a), len(b))
		}
		for l := range a {
			if a[l] != b[l] {
				return mismatch(op, "layer %d: %v with %v", l, a[l], b[l])
			}
		}
	}
	return nil
}

func (o Gather) check() error {
	if err := present("gather", o.Src, o.Index, o.Dst); err != nil {
		return err
	}
	if o.From == nil {
		return errors.New("gather: From is missing")
	}
	if o.Src.Cols() != o.Dst.Cols() {
		return mismatch("gather", "%d columns into %d", o.Src.Cols(), o.Dst.Cols())
	}
	if o.Index.Len() < o.Dst.Rows() {
		return mismatch("gather", "%d row numbers for %d rows", o.Index.Len(), o.Dst.Rows())
	}
	return nil
}

func (o Forward) check() error {
	if err := present("forward", o.A, o.Theta, o.Out); err != nil {
		return err
	}
	if err := elementwise("forward", o.Act); err != nil {
		return err
	}
	s, err := layerShape("forward", o.Theta, o.Layer)
	if err != nil {
		return err
	}
	if o.A.Cols() != s.In || o.Out.Cols() != s.Out || o.A.Rows() != o.Out.Rows() {
		return mismatch("forward", "a %d×%d, W %d×%d, out %d×%d",
			o.A.Rows(), o.A.Cols(), s.Out, s.In, o.Out.Rows(), o.Out.Cols())
	}
	if o.Z != nil {
		return sameShape("forward", o.Out, o.Z)
	}
	return nil
}

func elementwise(op string, act Activation) error {
	if err := act.Check(); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if !act.Elementwise() {
		return fmt.Errorf("%s: %s is for the output layer only: use Activate", op, act)
	}
	return nil
}

func (o Activate) check() error {
	if err := present("activate", o.Z, o.A); err != nil {
		return err
	}
	if err := o.Act.Check(); err != nil {
		return fmt.Errorf("activate: %w", err)
	}
	return sameShape("activate", o.Z, o.A)
}

func (o OutputDelta) check() error {
	if err := present("output delta", o.A, o.Y, o.Delta); err != nil {
		return err
	}
	if o.Loss != "" {
		if err := o.Loss.Check(); err != nil {
			return fmt.Errorf("output delta: %w", err)
		}
	}
	if err := weights("output delta", o.Weight, o.A); err != nil {
		return err
	}
	if err := scaleShape("output delta", o.Scale); err != nil {
		return err
	}
	return sameShape("output delta", o.A, o.Y, o.Delta)
}

// weights validates a column of weights for the rows of a matrix; nil is none.
func weights(op string, weight, of Matrix) error {
	if weight != nil && (weight.Cols() != 1 || weight.Rows() != of.Rows()) {
		return mismatch(op, "weights %d×%d for %d rows", weight.Rows(), weight.Cols(), of.Rows())
	}
	return nil
}

func (o HiddenDelta) check() error {
	if err := present("hidden delta", o.Next, o.Theta, o.A, o.Delta); err != nil {
		return err
	}
	if err := elementwise("hidden delta", o.Act); err != nil {
		return err
	}
	s, err := layerShape("hidden delta", o.Theta, o.Layer)
	if err != nil {
		return err
	}
	if o.Next.Cols() != s.Out || o.A.Cols() != s.In || o.Next.Rows() != o.A.Rows() {
		return mismatch("hidden delta", "next %d×%d, W %d×%d, a %d×%d",
			o.Next.Rows(), o.Next.Cols(), s.Out, s.In, o.A.Rows(), o.A.Cols())
	}
	return sameShape("hidden delta", o.A, o.Delta)
}

func (o Accumulate) check() error {
	if err := present("accumulate", o.Delta, o.A, o.Sum); err != nil {
		return err
	}
	s, err := layerShape("accumulate", o.Sum, o.Layer)
	if err != nil {
		return err
	}
	if o.Delta.Cols() != s.Out || o.A.Cols() != s.In || o.Delta.Rows() != o.A.Rows() {
		return mismatch("accumulate", "delta %d×%d, a %d×%d, sum %d×%d",
			o.Delta.Rows(), o.Delta.Cols(), o.A.Rows(), o.A.Cols(), s.Out, s.In)
	}
	return nil
}

func (o Gradient) check() error {
	if err := present("gradient", o.Sum, o.Theta, o.Grad); err != nil {
		return err
	}
	if o.M < 1 {
		return fmt.Errorf("gradient: m is %d: need at least one example", o.M)
	}
	return sameLayers("gradient", o.Sum, o.Theta, o.Grad)
}

func (o SGD) check() error {
	if err := present("sgd", o.Theta, o.Grad); err != nil {
		return err
	}
	if o.Rate == nil {
		return errors.New("sgd: Rate is missing")
	}
	return sameLayers("sgd", o.Theta, o.Grad)
}

func (o Cost) check() error {
	if err := present("cost", o.Z, o.Y, o.Tally); err != nil {
		return err
	}
	if err := o.Loss.Check(); err != nil {
		return fmt.Errorf("cost: %w", err)
	}
	if err := weights("cost", o.Weight, o.Z); err != nil {
		return err
	}
	return sameShape("cost", o.Z, o.Y)
}

func (o Penalty) check() error { return present("penalty", o.Theta, o.Tally) }
