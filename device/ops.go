package device

import (
	"errors"
	"fmt"
)

// Op is one operation of a plan: one line of the mathematics, as data. The
// layer numbers count from 0, so Θ of layer l maps a(l+1) to z(l+2) of the
// formulas, which count layers of units from 1.
type Op interface {
	// check validates shapes, the same for every engine.
	check() error
}

// Gather copies examples: Dst_i = Src_Index[From+i] for every row i of Dst.
// Row numbers must be inside Src.
type Gather struct {
	Src   Matrix
	Index Index
	From  *Scalar // the position in Index of the first row wanted
	Dst   Matrix
}

// Forward is z = a Wᵀ + 1 θ0ᵀ, Out = g(z), for a batch: A is b × in, Out b × out.
// Act must be elementwise; an output layer uses Linear, which leaves z(L), and
// then Activate. Z, if set, keeps z too, b × out: where Act.NeedsZ, HiddenDelta
// wants it.
type Forward struct {
	Act   Activation
	A     Matrix
	Theta Parameters
	Layer int
	Out   Matrix
	Z     Matrix // may be nil
}

// Activate is A = g(Z), element by element or, for softmax, row by row.
type Activate struct {
	Act  Activation
	Z, A Matrix
}

// OutputDelta is δ(L) = ∂loss/∂z(L), written from A = h = a(L), which is z(L) where
// Loss.Output is Linear; cpuref.OutputDelta has the formulas. "" is that of the
// cross-entropies, a(L) − y. Weight, if set, is b × 1, and row i of Delta is times
// weight i. Scale, if set, is that of Unscale, and Delta is times S.
type OutputDelta struct {
	Loss        Loss
	A, Y, Delta Matrix
	Weight      Matrix // may be nil
	Scale       Matrix // may be nil
}

// HiddenDelta is δ(l) = (δ(l+1) W(l)) ⊙ g′(z(l)), with g′ written from the saved
// activation A = a(l), or, where Act.NeedsZ, from A = z(l), which Forward keeps in
// its Z. Next is b × out, A and Delta are b × in of layer Layer.
type HiddenDelta struct {
	Act   Activation
	Next  Matrix
	Theta Parameters
	Layer int
	A     Matrix
	Delta Matrix
}

// Accumulate is Δ_W += δᵀ A, Δ_θ0 += column sums of δ; with Fresh, Δ is set
// instead (Δ := 0 first).
type Accumulate struct {
	Delta Matrix // δ(l+1), b × out
	A     Matrix // a(l), b × in
	Sum   Parameters
	Layer int
	Fresh bool
}

// Gradient is D = (Δ + λΘ)/m for weights and D = Δ/m for biases, all layers.
type Gradient struct {
	Sum    Parameters // Δ
	Theta  Parameters
	Lambda float64 // λ
	M      int     // m, the examples summed into Δ
	Grad   Parameters
}

// SGD is Θ := Θ − α D, all layers.
type SGD struct {
	Theta Parameters
	Grad  Parameters
	Rate  *Scalar // α
}

// Cost adds a batch to a tally: the loss of every row, computed from z(L) so that
// it is finite for every finite z, the rows whose largest z is where the largest
// y is (with one output unit: z > 0 where y > ½; in regression none is), and the
// number of rows. Weight, if set, is b × 1, and the loss of row i is times weight i;
// the numbers of rows are not.
type Cost struct {
	Loss   Loss
	Z, Y   Matrix
	Weight Matrix // may be nil
	Tally  Tally
}

// Penalty sets the tally's Squares to Σ_l Σ_{j≠0} Θ_ij(l)² and its Magnitudes to
// Σ_l Σ_{j≠0} |Θ_ij(l)|.
type Penalty struct {
	Theta Parameters
	Tally Tally
}

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

// orCrossEntropy is the loss of an OutputDelta that names none: δ(L) = a(L) − y.
func orCrossEntropy(loss Loss) Loss {
	if loss == "" {
		return SoftmaxCrossEntropy // either of the two
	}
	return loss
}
