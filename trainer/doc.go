// Package trainer trains fully connected networks on a device.Engine: it knows
// the algorithm and the order of things, and no device.
//
//	net, err := trainer.NewNetwork(trainer.NetworkConfig{Sizes: []int{784, 128, 10}, Seed: 1})
//	t, err := trainer.New(net, eng)
//	defer t.Close()
//	history, err := t.Fit(ctx, train, validation, trainer.Config{Epochs: 10})
//	err = (&trainer.Model{Network: net}).Save("model.safetensors")
//
// # The mathematics
//
// m examples, L layers, s_l units in layer l (bias not counted), K = s_L outputs.
// Θ(l) is s_{l+1} × (s_l + 1), and its column j = 0 is the bias.
//
//	forward     a(1) = x,  z(l+1) = Θ(l) [1; a(l)],  a(l+1) = g(z(l+1)),  h = a(L)
//	cost        J(Θ) = (1/m) Σ_i loss_i + λ/(2m) Σ_l Σ_{j≠0} Θ_ij(l)²
//	output      δ(L) = ∂loss/∂z(L), which is a(L) − y for the cross-entropies
//	hidden      δ(l) = (Θ(l)ᵀ δ(l+1) without its bias row) ⊙ g′(z(l)),  l = L−1 … 2
//	accumulate  Δ(l) = Σ_i δ(l+1) [1; a(l)]ᵀ
//	gradient    D_ij = (Δ_ij + λ Θ_ij)/m for j ≠ 0,  D_i0 = Δ_i0/m
//	descent     Θ := Θ − α D, or another Optimizer
//
// With a [Norm] a hidden layer normalises z on the way to g, and δ on the way back. Its γ, β
// and running numbers are layers of Θ that have biases alone, behind all others, so that
// what is said of Θ, an optimizer's step or a checkpoint, goes for them.
//
// Loss is the error of one example, −Σ_k y_k log h_k for softmax outputs and
// −Σ_k [y_k log h_k + (1−y_k) log(1−h_k)] for sigmoid ones, or another of package
// cpuref's; cost is the average and the penalty. An example may have a weight, see
// Config.ClassWeights and data.Set: it multiplies the loss and δ(L). m is the size of the
// batch, and in the last batch of an epoch the number of examples that were left.
// trainingStep in step.go is these lines as operations of a device.
//
// Sources: D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning
// representations by back-propagating errors", Nature 323 (1986) 533–536; the
// notation is that of A. Ng's machine-learning course and of H. Sahu,
// "Backpropagation Algorithm" (2026).
//
// # How a batch flows
//
// Fit writes the step down as plans, once: one for a full batch and one for the
// smaller batch at the end. If the examples fit, they lie on the device, an epoch
// begins with a shuffled list of row numbers, and each step gathers its rows by
// itself. If not, the host gathers rows into one of two staging slices and uploads
// them to one of two inputs while the device still works on the other; it waits
// only for the upload of two steps ago. Both give the same bits. Where a data.Set has no X but
// Inputs, those rows are read from their file then; where it is a data.Streamed the next rows
// of the file come through a shuffle buffer, see stream.
//
// A batch larger than Config.MicroBatch is run in parts: one plan sets Δ to what the first
// part comes to, another adds the next ones, and that of the last goes on to D and Θ, with
// m of the whole batch. All that is done once a step, clipping and penalties among it, is
// done there; a mask of dropout is that of the example's row in the whole batch.
//
// With Config.Precision FP16 what lies on the device of examples, a(l) and δ(l) is halves;
// sums, Θ and all that is made of Δ are float32. See [Precision].
//
// Nothing waits inside a step. The sums of losses and right answers stay on the
// device and are read once an epoch, and about every Config.Interval, where the
// host waits so as not to run further ahead. At the end of an epoch the weights
// are read back, and kept if they are finite.
//
// # What decides the course of training
//
// [WholeSetOptimizers] have the engine find the cost and D of the whole set, at the points
// that they ask for, and are the only ones for which an epoch is not the steps above.
//
// A [Schedule] says α of every step, a [Stopping] what ends a Fit before its last
// epoch, and [Regularizers] what bounds D and Θ. Early stopping and the plateau have no
// state of their own: what they decide is read off the history of epochs, which a
// checkpoint holds anyway. The weights of the best epoch and the running mean of Θ are
// in it as Parameters.
//
// # What may live here
//
// The network, batches and their order, the training loop, model files. The files
// that examples come from are package data's business, and how an operation is
// done, fused or laid out is package device's; package cpuref is imported for
// its random numbers and its names of activations. The random numbers are addressed
// by (seed, purpose, layer or epoch, element), so that none depends on who asked
// before.
package trainer
