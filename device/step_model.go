package device

import "math"

// StepModel predicts how long a step of training takes on several ranks, from figures that
// can be measured one by one.
//
//	T(b, n) = max over the buckets of Δ, see Ranked, of the time line
//
//	device    forward ┊ Accumulate(L) ┊ HiddenDelta(L) ┊ Accumulate(L−1) ┊ …      ┊ update
//	network                           ┊ copy, sum of bucket 0            ┊ copy, sum of 1 ┊
//
// A product of b/n examples with a layer of p weights takes 2 p b/(n R); the sum of s bytes
// over n ranks, and the copies of them,
//
//	S(s, n) = 2 (n−1)/n · s/B + 2 log2(n) a       C(s) = s/H, each way
//
// The first term of S is what a rank has to send and receive at least: P. Patarasuk and
// X. Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations",
// J. Parallel Distrib. Comput. 69 (2009) 117-124, theorem 1. The update goes through memory,
// 4 bytes a weight in 1/U. One rank has neither sums nor copies, and its update is joined to
// the product.
type StepModel struct {
	FLOPS     float64 // R: additions and multiplications a second, in the products of a step
	Copy      float64 // H: bytes a second between the device and the host
	Update    float64 // U: bytes of Θ a second that are updated
	Bandwidth float64 // B: bytes a second that a rank sends
	Latency   float64 // a: of a message, in seconds
}

// StepTime is a prediction, in seconds: of a tiny step on a fast device, less than a
// time.Duration can tell from nothing. Sums is all that the network does, Waited what of it the
// device does not compute meanwhile.
type StepTime struct{ Total, Sums, Waited float64 }

// Step predicts a step of b examples, all ranks together, for a network of dense layers.
func (m StepModel) Step(shapes []Shape, b, n int) StepTime {
	perRank := math.Ceil(float64(b) / float64(n)) // the slowest has the most
	product := func(l int) float64 {
		return 2 * perRank * float64(shapes[l].In) * float64(shapes[l].Out) / m.FLOPS
	}
	now := 0.0 // of the device
	for l := range shapes {
		now += product(l)
	}
	network, sums, bytes := 0.0, 0.0, 0.0
	for _, layers := range bucketLayers(shapes) {
		size := 0.0
		for _, l := range layers {
			now += product(l)
			size += 4 * float64(shapes[l].In+1) * float64(shapes[l].Out)
			// δ of the layer below is there before Δ below is, and after Δ of the bucket.
			if l > 0 && l != layers[len(layers)-1] {
				now += product(l)
			}
		}
		bytes += size
		if n > 1 {
			took := m.sum(size, n)
			network = max(network, now+size/m.Copy) + took
			sums += took
		}
		if last := layers[len(layers)-1]; last > 0 {
			now += product(last)
		}
	}
	if n == 1 {
		return StepTime{Total: now}
	}
	waited := max(0, network-now)
	return StepTime{now + waited + bytes/m.Copy + bytes/m.Update, sums, min(waited, sums)}
}

// sum is S(s, n).
func (m StepModel) sum(size float64, n int) float64 {
	return 2*float64(n-1)/float64(n)*size/m.Bandwidth + 2*math.Log2(float64(n))*m.Latency
}

// PaysFrom is the smallest power of two of examples, up to most, at which n ranks have
// at least the given part of n times the speed of one; 0 if there is none.
func (m StepModel) PaysFrom(shapes []Shape, n, most int, efficiency float64) int {
	for b := 1; b <= most; b *= 2 {
		if b < n {
			continue
		}
		one, all := m.Step(shapes, b, 1).Total, m.Step(shapes, b, n).Total
		if one >= efficiency*float64(n)*all {
			return b
		}
	}
	return 0
}
