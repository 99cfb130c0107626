package device

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
// y is (with one output unit, or of several labels for each: z > 0 just where y > ½; in
// regression none is), and the number of rows. Weight, if set, is b × 1, and the loss of row i is times weight i;
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

// orCrossEntropy is the loss of an OutputDelta that names none: δ(L) = a(L) − y.
func orCrossEntropy(loss Loss) Loss {
	if loss == "" {
		return SoftmaxCrossEntropy // either of the two
	}
	return loss
}
