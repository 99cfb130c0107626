package mpi

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/clprop/clprop/cpuref"
)

// perDouble is how many halves go into a float64, which all interfaces have the handle of.
// Nothing computes with it, so that no bit changes.
const perDouble = 4

// SumHalves is Sum with half of the traffic: values travel as float16, and are added in
// float32 in the order of the ranks.
//
//	every rank r  sends q_r = half(s v_r), each n-th of it to the rank that adds that up
//	that rank     S = Σ_r q_r, and sends half(S) to all
//	every rank    v := half(S)/s
//
// s is a power of two, the same on all ranks, see HalfScale. With n ranks, M the
// largest magnitude on any of them, and no value of v below the 2⁻¹⁴ of a normal half the
// error is that of two roundings to 11 bits, and of smaller ones that of the steps of 2⁻²⁴:
//
//	|v − Σ v_r| ≤ 2⁻¹¹ (Σ|v_r| + |Σ v_r|)(1 + 2⁻¹¹) + (n+1) 2⁻²⁵/s + n 2⁻²⁴ Σ|v_r|,   1/s ≤ n M 2⁻¹⁴
//
// What is lost is not added to the next sum: a rank has no memory of it, so that a run goes
// on from a checkpoint to the same bits.
func (w *World) SumHalves(values []float32) (wait func() (time.Duration, error)) {
	return w.begin(func() error {
		for len(values) > 0 {
			n := min(len(values), mostValues)
			if err := w.sumHalves(values[:n]); err != nil {
				return err
			}
			values = values[n:]
		}
		return nil
	})
}

func (w *World) sumHalves(values []float32) error {
	n := w.size
	all := make([]float64, n)
	if err := w.lib.gatherDoubles([]float64{Largest(values)}, all); err != nil {
		return err
	}
	most := 0.0
	for _, m := range all {
		most = math.Max(most, m) // NaN where one is
	}
	scale := HalfScale(most, n)
	share := (len(values) + n*perDouble - 1) / (n * perDouble) // doubles that each rank adds up
	if cap(w.halves) < 2*n*share {
		w.halves = make([]float64, 2*n*share)
	}
	out, in := w.halves[:n*share], w.halves[n*share:2*n*share]
	for i := range out {
		out[i] = pack(values[min(i*perDouble, len(values)):min((i+1)*perDouble, len(values))], scale)
	}
	if err := w.lib.exchangeDoubles(out, in, share); err != nil {
		return err
	}
	for i := range share {
		var sum, part [perDouble]float32
		for r := range n {
			unpack(part[:], in[r*share+i])
			for j, v := range part {
				sum[j] += v
			}
		}
		out[i] = pack(sum[:], 1)
	}
	if err := w.lib.gatherDoubles(out[:share], in); err != nil {
		return err
	}
	for i, d := range in {
		part := values[min(i*perDouble, len(values)):min((i+1)*perDouble, len(values))]
		unpack(part, d)
		for j := range part {
			part[j] /= scale
		}
	}
	return nil
}

// pack makes halves of at most four values, times scale, and a double of their bits.
func pack(values []float32, scale float32) float64 {
	var bytes [8]byte
	for i, v := range values {
		binary.LittleEndian.PutUint16(bytes[2*i:], cpuref.ToHalf(v*scale))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(bytes[:]))
}

// unpack is its reverse.
func unpack(values []float32, d float64) {
	bits := math.Float64bits(d)
	for i := range values {
		values[i] = cpuref.FromHalf(uint16(bits >> (16 * i)))
	}
}
