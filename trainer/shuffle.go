package trainer

import "github.com/clprop/clprop/cpuref"

// shuffle makes rows a random order of 0 … n−1 that depends on (seed, epoch)
// alone: the shuffle of R. A. Fisher and F. Yates in the form of R. Durstenfeld,
// "Algorithm 235: random permutation", Communications of the ACM 7 (1964) 420.
func shuffle(rows []int32, seed uint64, epoch int) {
	stream := cpuref.NewStream(seed, streamShuffle, uint32(epoch))
	for i := range rows {
		rows[i] = int32(i)
	}
	for i := len(rows) - 1; i > 0; i-- {
		// u·(i+1) of a u that is a multiple of 2⁻⁵³ is even to 1 in 2²² for 2³¹ rows.
		j := int(stream.Float64(uint64(i)) * float64(i+1))
		rows[i], rows[j] = rows[j], rows[i]
	}
}

// shuffleWithin is shuffle through a shuffleBuffer of so many slots: the order in which a
// stream of the same examples has them.
func shuffleWithin(rows []int32, seed uint64, epoch, slots int) {
	b := newShuffleBuffer(seed, epoch, slots, len(rows))
	held := make([]int32, b.filled)
	for i := range held {
		held[i] = int32(i)
	}
	for k := range rows {
		next := len(rows) - b.left
		slot, refilled := b.draw()
		rows[k] = held[slot]
		if refilled {
			held[slot] = int32(next)
		} else {
			held[slot] = held[b.filled]
		}
	}
}

// shuffleBuffer draws a random one of the next few examples of a sequence: it has slots for
// them, which are filled before the first is drawn, and what is drawn gives its slot to the
// next of the sequence, or at its end to the last slot. With as many slots as examples all
// orders are alike likely; with one the order stays.
type shuffleBuffer struct {
	stream cpuref.Stream
	drawn  uint64
	filled int // slots that hold an example
	left   int // examples that are in none yet
}

// newShuffleBuffer has the first of n examples in its slots. What it draws depends on
// (seed, epoch, slots, n) alone.
func newShuffleBuffer(seed uint64, epoch, slots, n int) *shuffleBuffer {
	filled := min(slots, n)
	return &shuffleBuffer{stream: cpuref.NewStream(seed, streamShuffle, uint32(epoch)), filled: filled, left: n - filled}
}

// draw returns the slot whose example comes next. refilled tells whether the next of the
// sequence takes its place; else that of slot b.filled, which is the last, does.
func (b *shuffleBuffer) draw() (slot int, refilled bool) {
	slot = int(b.stream.Float64(b.drawn) * float64(b.filled))
	b.drawn++
	if b.left > 0 {
		b.left--
		return slot, true
	}
	b.filled--
	return slot, false
}
