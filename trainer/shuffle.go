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
