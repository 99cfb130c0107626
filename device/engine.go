package device

import "github.com/clprop/clprop/cpuref"

// Engine runs the operations of back-propagation on matrices that it owns. Two
// engines compute: OpenCL (over package kernels) and the CPU reference
// (over package cpuref); those of several devices, and Ranked, hand the operations on to
// such. One conformance suite, device/enginetest, runs the same cases on each.
//
// An Engine, and everything made by it, is for one goroutine at a time.
//
// Operations are queued: Plan.Run returns before the work is done. Read,
// ReadParameters, ReadTally and Sync wait for what was queued before them.
// An error of queued work is returned by the call that meets it, and by every
// later call.
type Engine interface {
	// Info says what the engine runs on, and why if it is a fallback.
	Info() Info

	// NewMatrix allocates rows × cols float32, all zero. It fails with a
	// *MemoryError when the engine cannot hold it.
	NewMatrix(rows, cols int) (Matrix, error)
	// NewHalfMatrix allocates rows × cols halves, IEEE 754 binary16, all zero: for examples,
	// a(l) and δ(l), whatever is done with them.
	// What is written to it, by Write or by an operation, is rounded to the nearest, ties to
	// even; operations compute in float32. It fails with an error that wraps ErrHalf on
	// several devices.
	NewHalfMatrix(rows, cols int) (Matrix, error)
	// NewParameters allocates one set of weights and biases for each shape, all
	// zero. Θ, Δ, D and the optimisers' moments are each such an object.
	NewParameters(shapes []Shape) (Parameters, error)
	// NewIndex allocates n row numbers, for Gather.
	NewIndex(n int) (Index, error)
	// NewTally allocates the sums that Cost and Penalty add to, all zero.
	NewTally() (Tally, error)

	// Write copies src into the rows of dst from row on. src is row-major with
	// dst.Cols() columns and may be changed when Write returns.
	Write(dst Matrix, row int, src []float32) error
	// Read waits for the queued work, then fills dst, row-major, from the rows
	// of src from row on.
	Read(dst []float32, src Matrix, row int) error
	// Upload is Write without the wait: it returns at once, a plan that runs
	// after it sees the new rows, one that ran before it still saw the old. src
	// must not be changed before Transfer.Wait returns.
	Upload(dst Matrix, src []float32) (Transfer, error)
	// WriteParameters sets one layer (counted from 0): weights [out,in]
	// row-major, bias [out].
	WriteParameters(dst Parameters, layer int, weights, bias []float32) error
	// ReadParameters waits, then copies one layer out as WriteParameters takes it.
	ReadParameters(weights, bias []float32, src Parameters, layer int) error
	// WriteIndex sets all row numbers. rows may be changed when it returns.
	WriteIndex(dst Index, rows []int32) error
	// ReadTally waits, then returns the sums; ResetTally queues setting them to 0.
	ReadTally(t Tally) (Sums, error)
	ResetTally(t Tally) error
	// WriteTally waits, then sets the sums to what ReadTally returned, of this
	// tally or another's, on this engine or another; Loss itself is not used.
	WriteTally(t Tally, sums Sums) error

	// Prepare checks a list of operations, chooses kernels and layouts for it,
	// and returns it ready to run many times.
	//
	// An engine may join operations as long as results stay the same. Where a
	// list goes on from Accumulate (fresh, every layer) to Gradient, and does not use Δ
	// again, Δ is a step on the way, and its Parameters need not hold it afterwards; nor
	// those of D where SGD comes next and the list does not use D again, whatever comes before
	// Gradient. To read Δ, end a list with Accumulate; to read D, with Gradient.
	Prepare(ops ...Op) (Plan, error)
	// Sync waits for everything queued and returns the first error met.
	Sync() error

	// Sizing returns an engine that allocates and runs nothing: with it the same calls
	// of New… and Prepare only add to Counters().Allocated what they would have taken
	// here, from Allocated of now on. A single allocation above MaxAllocation fails.
	// Its objects are good for that only, where e's own may be among the operands, and
	// it needs no Close.
	Sizing() Engine
	// Counters proves where work was done.
	Counters() Counters
	// Close frees everything. It is safe to call twice.
	Close() error
}

// Info describes an engine.
type Info struct {
	Name     string // device name, such as "NVIDIA H100", or "cpuref"
	Platform string // OpenCL platform name; "" for the CPU reference
	Driver   string // driver version; "" for the CPU reference
	Kind     string // "GPU", "accelerator", "CPU", "other" or "reference"
	Index    int    // position in List, −1 for the CPU reference
	Units    int    // compute units or cores
	// TotalMemory and MaxAllocation are bytes; 0 means not limited by the engine.
	TotalMemory, MaxAllocation int64
	// Reason says in a few words why this device was chosen.
	Reason string
	// Tuning says where the shapes of the kernels come from, Kernels what they are, in a
	// line; both are "" for the CPU reference.
	Tuning, Kernels string
	// Members are those of several devices, and Parallel how they share the work,
	// ParallelData or ParallelTensor; nil and "" for one device. Shares is how ParallelData
	// splits the rows of a batch among them, as parts of 1.
	Members  []Info
	Parallel string
	Shares   []float64
	// Fallback is the error that made Open("auto") fall back to the CPU
	// reference; nil if it did not.
	Fallback error
}

// OpenCL reports whether the engine runs on an OpenCL device.
func (i Info) OpenCL() bool { return i.Kind != KindReference }

// Where the shapes of kernels come from: Info.Tuning.
const (
	TuningDefault = "default" // from what the device says of itself
	TuningTuned   = "tuned"   // Tune has found them
	TuningGiven   = "given"   // Options.Tuning
)

// KindReference is the Info.Kind of the CPU reference.
const KindReference = "reference"

// Counters count what an engine did since it was opened.
type Counters struct {
	Launches  int64 // kernels launched on an OpenCL device, for one run of a plan or several; 0 on the CPU reference
	Calls     int64 // reference functions called; 0 on an OpenCL device
	Allocated int64 // bytes of device memory held now
	// Moved is the bytes of activations and errors that plans have copied to and from host
	// memory where layers are split by columns, see NewColumns; else 0.
	Moved int64
}

// Matrix is rows × cols float32, or halves, in an engine's memory, one example a row. How
// it lies there is the engine's business.
type Matrix interface {
	Rows() int
	Cols() int
	// Half reports whether it is of NewHalfMatrix.
	Half() bool
	// Head is a view of the first rows rows. It shares the memory and needs no
	// Release of its own.
	Head(rows int) Matrix
	// Release frees the memory. It is safe to call twice.
	Release()
}

// Shape is the size of one layer's Θ without its bias column. A layer with In 0 has biases
// alone: what BatchNorm and LayerNorm hold. Whatever leaves biases alone leaves it alone.
type Shape struct{ In, Out int }

// Parameters holds, for every layer, weights [out,in] and a bias [out].
type Parameters interface {
	Shapes() []Shape
	Release()
}

// Index is a list of row numbers in an engine's memory.
type Index interface {
	Len() int
	Release()
}

// Tally is a set of running sums in an engine's memory.
type Tally interface{ Release() }

// Sums is what a Tally holds.
type Sums struct {
	Loss    float64 // Σ over examples of the loss times its weight, without the penalty
	Correct int     // examples whose most likely class is the right one, or all of whose labels are; 0 in regression
	Count   int     // examples seen
	// Squares and Magnitudes are Σ_l Σ_{j≠0} Θ_ij(l)² and Σ_l Σ_{j≠0} |Θ_ij(l)|, of the
	// last Penalty operation.
	Squares, Magnitudes float64
	// Running and Lost are Loss as the engine adds it up, Loss = Running − Lost:
	// a compensated sum and its compensation, 0 where a sum has none. WriteTally
	// takes them, so that a sum goes on to the same bits.
	Running, Lost float64
}

// Transfer is an upload under way.
type Transfer interface {
	// Wait returns when the source may be changed.
	Wait() error
}

// Plan is a list of operations ready to run.
type Plan interface {
	// Run queues the operations with the present values of their Scalars. It
	// neither waits nor allocates. Of operations that take less than a launch, a few runs may
	// be kept to be queued together, until anything else is asked of the engine.
	Run() error
	// Launches is the number of kernels that one Run launches, where it is queued by itself;
	// 0 on the CPU reference.
	Launches() int
	Release()
}

// Scalar is a number that an operation reads each time its plan runs, so that
// a learning rate or a position can change without preparing anew.
type Scalar struct{ v float64 }

// NewScalar returns a Scalar of value v.
func NewScalar(v float64) *Scalar { return &Scalar{v} }

// Set changes the value that the next Run uses.
func (s *Scalar) Set(v float64) { s.v = v }

// Value returns the value.
func (s *Scalar) Value() float64 { return s.v }

// Activation and Loss are cpuref's: one set of names in the whole project.
type (
	Activation = cpuref.Activation
	Loss       = cpuref.Loss
)

// ImageShape is the shape of an example that is an image.
type ImageShape = cpuref.ImageShape

// The activations and losses, see package cpuref for their formulas.
const (
	Linear    = cpuref.Linear
	Sigmoid   = cpuref.Sigmoid
	Tanh      = cpuref.Tanh
	ReLU      = cpuref.ReLU
	LeakyReLU = cpuref.LeakyReLU
	ELU       = cpuref.ELU
	SELU      = cpuref.SELU
	Softplus  = cpuref.Softplus
	GELU      = cpuref.GELU
	SiLU      = cpuref.SiLU
	HardSwish = cpuref.HardSwish
	Softmax   = cpuref.Softmax

	HardSigmoid = cpuref.HardSigmoid

	SigmoidCrossEntropy = cpuref.SigmoidCrossEntropy
	SoftmaxCrossEntropy = cpuref.SoftmaxCrossEntropy

	MultiLabelCrossEntropy = cpuref.MultiLabelCrossEntropy

	Hinge             = cpuref.Hinge
	MeanSquaredError  = cpuref.MeanSquaredError
	MeanAbsoluteError = cpuref.MeanAbsoluteError
	Huber             = cpuref.Huber
)
