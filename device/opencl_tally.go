package device

import (
	"math"

	"github.com/clprop/clprop/kernels"
)

func (e *opencl) ReadTally(t Tally) (Sums, error) {
	own, err := take[*openclTally](e, "read tally", t)
	if err != nil {
		return Sums{}, err
	}
	words := make([]float32, kernels.TallyWords)
	if err := e.read("read tally", own.mem, 0, words); err != nil {
		return Sums{}, err
	}
	return Sums{
		// the compensation is what the running sum has lost so far
		Loss:    float64(words[0]) - float64(words[1]),
		Correct: int(math.Float32bits(words[2])),
		Count:   int(math.Float32bits(words[3])),
		Squares: float64(words[4]), Magnitudes: float64(words[5]),
		Running: float64(words[0]),
		Lost:    float64(words[1]),
	}, nil
}

func (e *opencl) WriteTally(t Tally, sums Sums) error {
	own, err := take[*openclTally](e, "write tally", t)
	if err != nil {
		return err
	}
	words := make([]float32, kernels.TallyWords)
	words[0], words[1] = float32(sums.Running), float32(sums.Lost)
	words[2] = math.Float32frombits(uint32(sums.Correct))
	words[3] = math.Float32frombits(uint32(sums.Count))
	words[4], words[5] = float32(sums.Squares), float32(sums.Magnitudes)
	return e.write("write tally", own.mem, 0, words)
}

func (e *opencl) ResetTally(t Tally) error {
	own, err := take[*openclTally](e, "reset tally", t)
	if err != nil {
		return err
	}
	return e.zero(own.buffer)
}
