package device

// StepTraffic is a step of training on devices that layers are split over by columns, and
// says what it moves. With n devices, b examples, and layers of s units, b·s values of 4 bytes
// each, all through the host:
//
//	forward   (n+1) b s    the columns of n devices, read, and all of them written to n; of a
//	                       narrow layer, which the first device has, n b s; of a hidden layer
//	                       whose g needs z twice, where the devices are not alike
//	output    2 b K        δ(L), read from the first device and its columns written to each;
//	                       nothing if it is narrow
//	hidden    (m+1) b s    the sums of the m devices that have some of the next layer, read,
//	                       and the columns of δ written to each; where dropout or a
//	                       normalisation changes δ, which is whole for that, (m+n) b s, and 2 b s
//	                       as of the output if the layer is not narrow
//
// for every layer of units after the inputs, hidden for hidden ones. Θ, Δ, D and the moments
// stay where they are. Of all that (n−1)/n at least is what devices have to tell each other.
type StepTraffic struct {
	Workload
	Devices int
	// Least is that of NewColumns: 0 for LeastColumns.
	Least int
	// Whole is whether δ of hidden layers is changed by dropout or a normalisation.
	Whole bool
	// Twice is whether z of hidden layers is gathered beside a: where Activation.NeedsZ, no
	// normalisation comes between them, and the devices are not Info.Alike.
	Twice bool
}

// Bytes is the number of bytes that a step moves, Counters.Moved of it; 0 on one device.
func (t StepTraffic) Bytes() int64 {
	n, least := int64(t.Devices), t.Least
	if least == 0 {
		least = LeastColumns
	}
	if n < 2 || t.check() != nil {
		return 0
	}
	narrow := func(l int) bool { return t.Sizes[l] < t.Devices*least }
	values := int64(0) // of an example
	for l := 1; l < len(t.Sizes); l++ {
		s, cut := int64(t.Sizes[l]), int64(1)
		if narrow(l) {
			cut = 0
		}
		values += (n + cut) * s
		if l == len(t.Sizes)-1 {
			values += 2 * cut * s
			continue
		}
		m := n
		if narrow(l + 1) {
			m = 1
		}
		if t.Twice {
			values += (n + cut) * s
		}
		if t.Whole {
			values += (m+n)*s + 2*cut*s
		} else {
			values += (m + 1) * s
		}
	}
	return 4 * int64(t.Batch) * values
}
