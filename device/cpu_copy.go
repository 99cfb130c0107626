package device

import (
	"slices"

	"github.com/clprop/clprop/cpuref"
)

func (e *reference) Write(dst Matrix, row int, src []float32) error {
	return e.write("write", dst, row, src)
}

func (e *reference) write(op string, dst Matrix, row int, src []float32) error {
	m, err := take[*referenceMatrix](e, op, dst)
	if err != nil {
		return err
	}
	if err := checkRows(op, m, row, len(src)); err != nil {
		return err
	}
	if !e.sizes {
		written := m.Data[row*m.Cols():][:len(src)]
		if copy(written, src); m.half {
			cpuref.RoundToHalf(written)
		}
	}
	return nil
}

func (e *reference) Read(dst []float32, src Matrix, row int) error {
	m, err := take[*referenceMatrix](e, "read", src)
	if err != nil {
		return err
	}
	if err := checkRows("read", m, row, len(dst)); err != nil {
		return err
	}
	copy(dst, m.Data[row*m.Cols():])
	return nil
}

// uploaded is a transfer that was over when it began.
type uploaded struct{}

func (uploaded) Wait() error { return nil }

func (e *reference) Upload(dst Matrix, src []float32) (Transfer, error) {
	if err := e.write("upload", dst, 0, src); err != nil {
		return nil, err
	}
	return uploaded{}, nil
}

func (e *reference) WriteParameters(dst Parameters, layer int, weights, bias []float32) error {
	l, err := e.layer("write parameters", dst, layer, weights, bias)
	if err != nil {
		return err
	}
	if e.sizes {
		return nil
	}
	copy(l.W.Data, weights)
	copy(l.B, bias)
	return nil
}

func (e *reference) ReadParameters(weights, bias []float32, src Parameters, layer int) error {
	l, err := e.layer("read parameters", src, layer, weights, bias)
	if err != nil {
		return err
	}
	copy(weights, l.W.Data)
	copy(bias, l.B)
	return nil
}

// layer finds one layer of p that the host slices fit.
func (e *reference) layer(op string, p Parameters, layer int, weights, bias []float32) (cpuref.Layer[float32], error) {
	own, err := take[*referenceParameters](e, op, p)
	if err != nil {
		return cpuref.Layer[float32]{}, err
	}
	if err := checkLayer(op, own, layer, len(weights), len(bias)); err != nil {
		return cpuref.Layer[float32]{}, err
	}
	if e.sizes {
		return cpuref.Layer[float32]{}, nil
	}
	return own.layers[layer], nil
}

func (e *reference) WriteIndex(dst Index, rows []int32) error {
	x, err := take[*referenceIndex](e, "write index", dst)
	if err != nil {
		return err
	}
	if err := checkIndex("write index", x, len(rows)); err != nil {
		return err
	}
	copy(x.rows, rows)
	x.low, x.top = slices.Min(rows), slices.Max(rows)
	return nil
}

func (e *reference) ReadTally(t Tally) (Sums, error) {
	own, err := take[*referenceTally](e, "read tally", t)
	if err != nil {
		return Sums{}, err
	}
	sums := own.sums
	sums.Running = sums.Loss
	return sums, nil
}

func (e *reference) WriteTally(t Tally, sums Sums) error {
	own, err := take[*referenceTally](e, "write tally", t)
	if err != nil {
		return err
	}
	own.sums = Sums{Loss: sums.Running - sums.Lost, Correct: sums.Correct, Count: sums.Count, Squares: sums.Squares, Magnitudes: sums.Magnitudes}
	return nil
}

func (e *reference) ResetTally(t Tally) error {
	own, err := take[*referenceTally](e, "reset tally", t)
	if err != nil {
		return err
	}
	own.sums = Sums{}
	return nil
}
