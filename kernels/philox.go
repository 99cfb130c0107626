package kernels

// Stream names the random words of a launch: those of cpuref.NewStream(Seed, Layer, step).
type Stream struct {
	Seed  uint64
	Layer uint32
}

// The positions of step and first among the arguments of every kernel with random words.
const (
	streamStep  = 2
	streamFirst = 3
)

// SetStreamStep sets the step of a launch made by Dropout, Shift or Noise; it is 0 before.
func (l *Launch) SetStreamStep(step uint32) error { return l.setInt(streamStep, int32(step)) }

// SetStreamFirst sets the number of the first row in its batch; it is 0 before.
func (l *Launch) SetStreamFirst(first uint32) error { return l.setInt(streamFirst, int32(first)) }
