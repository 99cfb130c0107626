package data

import (
	"math"
	"strconv"
)

// Restore returns outputs h, rows × K row-major, as values of the file: y = h·σ + μ. They are
// float64 because μ may be large beside σ, as of a time in seconds: h then says more than a
// float32 of the file's units can. Without Targets they are h.
func (p *Preprocess) Restore(h []float32) []float64 {
	y := make([]float64, len(h))
	for i, v := range h {
		y[i] = p.restored(v, i)
	}
	return y
}

// restored is a value of an output, the i-th of all of all rows.
func (p *Preprocess) restored(h float32, i int) float64 {
	if len(p.Targets) == 0 {
		return float64(h)
	}
	t := &p.Targets[i%len(p.Targets)]
	return float64(h)*t.Std + t.Mean
}

// AppendQuantity appends output h of target k as Restore has it: the shortest decimal number of 6 digits or
// more that is nearer to it than half of what lies between h and the next float32.
func (p *Preprocess) AppendQuantity(text []byte, h float32, k int) []byte {
	y, next := p.restored(h, k), p.restored(math.Nextafter32(h, float32(math.Inf(1))), k)
	for digits := 6; digits < 17; digits++ {
		short := strconv.AppendFloat(text, y, 'g', digits, 64)
		if v, err := strconv.ParseFloat(string(short[len(text):]), 64); err == nil && math.Abs(v-y) < (next-y)/2 {
			return short
		}
	}
	return strconv.AppendFloat(text, y, 'g', -1, 64)
}
