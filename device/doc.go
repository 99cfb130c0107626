// Package device finds and opens the devices of a machine, and runs on them what a
// training step is made of. It knows operations on matrices; what a network, an epoch or
// a data set is, package trainer knows.
//
//	eng, err := device.Open("auto")
//	defer eng.Close()
//	a, err := eng.NewMatrix(32, 784)      // 32 examples
//	theta, err := eng.NewParameters([]device.Shape{{In: 784, Out: 10}})
//	plan, err := eng.Prepare(
//		device.Forward{Act: device.Linear, A: a, Theta: theta, Layer: 0, Out: z},
//		device.Activate{Act: device.Softmax, Z: z, A: h},
//	)
//	err = plan.Run()                      // queued; Read and Sync wait
//
// # The engines
//
// [Engine] is one interface, and whatever implements it passes one suite of tests,
// device/enginetest:
//
//	opencl     on an OpenCL device, over package kernels (opencl*.go)
//	reference  on the CPU, over package cpuref, where there is no device (cpu*.go)
//	group      several engines of this process that share each batch (group*.go)
//	columns    several engines of this process that share each layer (columns*.go)
//	[Ranked]   an engine whose batch is shared with other processes (ranked*.go), over
//	           a [Communicator] such as that of device/mpi; or, on the CPU of one machine,
//	           whose kernels and memory are (common*.go), over a [Sharer]
//
// [Open] chooses one by a text, such as "auto", "gpu", "0,1" or "cpuref"; [List] is what
// there is to choose from. Only "auto" falls back to the reference, and says why.
//
// # Operations and plans
//
// An [Op] is one line of the mathematics as data: [Forward], [HiddenDelta], [Accumulate]
// and so on, with the shapes of operands in the comment of each (ops.go, optimisers.go,
// regularisers.go, norms.go, augmentation.go). Prepare checks a list of them, chooses
// kernels and layouts, and sets all arguments; the plan then runs as often as wanted,
// and neither allocates nor waits. A number that changes from step to step is a [Scalar].
//
// What may be joined is decided here, and never shows outside: Accumulate, Gradient and
// SGD become one pass over Θ (fuse.go), and a whole way through a narrow net and back
// one launch (fuse_pass.go); on a CPU, the launches of a step that is short beside them
// become one, and those of some steps after one another, of a longer step short launches become
// one with the long one behind them (opencl_join.go), and on parts of a device those that take
// long are dealt out among the parts while they run (opencl_deal.go). Options.Unfused leaves that
// out, to test against. [Split]
// cuts a list where Δ is summed over the members of a group, or over ranks; a batch
// normalisation takes two more cuts (norm_parts.go). Where layers
// are shared a list is cut wherever a product needs what others have (columns_plan.go).
//
// # Memory
//
// A [Matrix] is rows × cols, one example a row; [Parameters] are Θ, or what has its
// shape: Δ, D and an optimizer's moments. How they lie in memory is the engine's
// business: on the host matrices are row-major, and weights [out,in] with a bias [out].
// A device that is too small gives a [*MemoryError] with the bytes it needs and has;
// Engine.Sizing counts them beforehand. A device that fails, or does not answer in time,
// gives a [*LostError].
//
// On PoCL's CPU a buffer of 2 MiB or more is memory that this package maps and asks Linux to
// keep in large pages (largepage.go); elsewhere the driver allocates.
//
// # Tuning
//
// [Tune] measures shapes of kernels for a [Workload], holds each to float64, and stores
// the best one, which Open takes the next time after another look at its results.
//
// # What may live here
//
// Devices, memory, operations, plans, and what is measured of them. No kernel (package
// kernels), no formula that is not a name of cpuref's, no loop over batches (package
// trainer). A new operation needs its type and check, a case in both engines, and one in
// device/enginetest; docs/adding-a-kernel.md goes through it.
package device
