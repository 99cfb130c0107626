// Package cpuref is back-propagation as plain functions: every operation that
// package kernels runs on an OpenCL device, written to be read beside its
// equation. In float64 it is the oracle that the kernels are tested against; in
// float32 it trains where there is no device.
//
// # The equations
//
// A network has L layers of units, s_l units in layer l, K = s_L outputs. For a
// batch of b examples, one a row, layer l has activations A(l): b × s_l, and
// Θ(l) = [θ0(l) W(l)] with W(l): s_{l+1} × s_l and the bias θ0(l): s_{l+1}.
//
//	Forward      Z = A Wᵀ + 1 θ0ᵀ,  A(l+1) = g(Z)
//	Activate     A = g(Z), also for the softmax, which needs whole rows
//	OutputDelta  δ(L) = ∂loss/∂Z(L), which is A(L) − Y for either cross-entropy
//	ScaleRows    δ(L) of an example times its weight
//	HiddenDelta  δ(l) = (δ(l+1) W(l)) ⊙ g′(z(l)),  g′ written from A(l), or from Z
//	Accumulate   Δ_W += δ(l+1)ᵀ A(l),  Δ_θ0 += column sums of δ(l+1)
//	Gradient     D_W = (Δ_W + λW)/m,  D_θ0 = Δ_θ0/m
//	SGD          Θ := Θ − α D; in its place Momentum, RMSprop, Adagrad, Adam or Lion
//	L1           D_W := D_W + (λ1/m) sign(W); ClipValue and ClipNorm bound D, MaxNorm Θ
//	Average      E := E + s(Θ − E), a running mean of Θ
//	Dropout      A/(1−p) under a random mask, in training; δ through the same mask
//	Shift        images of a batch moved, and some mirrored; Noise adds normal noise
//	Mixup        λ A_i + (1−λ) A_j of neighbouring rows, of inputs and labels
//	Cost         Σ over the batch of the loss, from Z(L), and how many are right;
//	             WeightedCost with a weight for each example
//	Penalty      Σ W_ij², which the cost takes λ/(2m) times; L1Penalty Σ |W_ij|, λ1/m times
//	RoundToHalf  what a matrix in half precision holds of what it was given
//	Scale        δ(L) times S, and Unscale Δ/S and the next S, in half precision
//	Gather       rows of a data set, by number, into a batch
//
// Loss is one example's error; the cost J(Θ) = (Σ loss)/m + λ/(2m) Σ W_ij² is the
// average plus the penalty, and D = ∂J/∂Θ, which the tests confirm by central
// differences. The bias carries no penalty.
//
// Source: D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning
// representations by back-propagating errors", Nature 323 (1986) 533–536, in
// the notation of A. Ng's machine-learning course and of H. Sahu,
// "Backpropagation Algorithm" (2026).
//
// Philox and Stream are the random numbers of the project: counter-based, so
// that a number depends on what it is for and never on who asked first.
//
// # What may live here
//
// One operation a file, named as in package kernels. Functions take all their
// memory from the caller, allocate nothing of size, and keep no state. Matrix
// products go through gemm.go, the only file that computes on gonum.
//
// # Whose products
//
// float64 products are gonum's, always: the oracle depends on nothing but Go. float32
// products are gonum's too unless UseBLAS chose a library of the machine, several
// times faster, for the whole process. The tests hold a library to the bound that
// they hold gonum to. Elementwise work is on one core here; package device, which
// trains, calls these functions on rows of a matrix from several.
//
// # Mistakes
//
// A shape that does not fit is a programmer's mistake and panics, before
// anything is written, with the function and the shapes in the message. Callers
// with input from outside check it first: package device does.
//
// # NaN and infinity
//
// Elementwise operations, losses and sums let NaN through: what is computed from
// NaN is NaN. A matrix product does so too, but for one exception of gonum's:
// HiddenDelta and Accumulate may take 0·NaN and 0·∞ for 0 where a δ is exactly
// 0. A library may have exceptions of its own. The g′ of ReLU and the hard sigmoid is
// a gate: where it is 0, δ is 0 whatever it was. A softmax row with +∞ in it is NaN.
package cpuref
