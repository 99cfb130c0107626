package device

import (
	"fmt"
	"slices"

	"github.com/clprop/clprop/kernels"
)

func (e *opencl) NewParameters(shapes []Shape) (Parameters, error) {
	if err := e.ready("new parameters"); err != nil {
		return nil, err
	}
	if err := checkShapes("new parameters", shapes); err != nil {
		return nil, err
	}
	p := &openclParameters{shapes: slices.Clone(shapes)}
	for l, s := range shapes {
		w := e.set.NewWeights(s.In, s.Out)
		what := fmt.Sprintf("parameters of layer %d, %d→%d", l, s.In, s.Out)
		err := e.countable(what, w)
		var b *buffer
		if err == nil {
			b, err = e.zeroed(what, w.Floats())
		}
		if err != nil {
			p.Release()
			return nil, err
		}
		w.Buf = b.mem
		p.layers, p.memory = append(p.layers, w), append(p.memory, b)
	}
	return p, nil
}

// countable refuses a layer of more floats than kernels can count. Where layers are split by columns
// each device has fewer.
func (e *opencl) countable(what string, w kernels.Weights) error {
	most := e.set.MostFloats()
	if w.Panels()*w.Panel <= most {
		return nil
	}
	return &MemoryError{
		What: what, Need: 4 * int64(w.Panels()) * int64(w.Panel), Have: 4 * int64(most), Single: true, Device: e.info.Name,
		Cause: fmt.Errorf("kernels count the floats of a layer up to %d", most),
	}
}

func (e *opencl) WriteParameters(dst Parameters, layer int, weights, bias []float32) error {
	w, err := e.layer("write parameters", dst, layer, weights, bias)
	if err != nil {
		return err
	}
	return e.panelRows(w, func(offset int, staging []float32) error {
		clear(staging)
		inBlocks(w, offset, staging, func(o, from, rows int, column []float32) {
			for i, v := range weights[o*w.In+from:][:min(rows, w.In-from)] {
				column[i*w.NR] = v
			}
			if from+rows > w.In {
				column[(w.In-from)*w.NR] = bias[o]
			}
		})
		return e.write("write parameters", w.Buf, offset, staging)
	})
}

func (e *opencl) ReadParameters(weights, bias []float32, src Parameters, layer int) error {
	w, err := e.layer("read parameters", src, layer, weights, bias)
	if err != nil {
		return err
	}
	return e.panelRows(w, func(offset int, staging []float32) error {
		if err := e.read("read parameters", w.Buf, offset, staging); err != nil {
			return err
		}
		inBlocks(w, offset, staging, func(o, from, rows int, column []float32) {
			row := weights[o*w.In+from:][:min(rows, w.In-from)]
			for i := range row {
				row[i] = column[i*w.NR]
			}
			if from+rows > w.In {
				bias[o] = column[(w.In-from)*w.NR]
			}
		})
		return nil
	})
}

// panelRows calls f for pieces of the panels of w, whole rows of them, that fit the
// staging memory: offset is where a piece begins in the buffer.
func (e *opencl) panelRows(w kernels.Weights, f func(offset int, staging []float32) error) error {
	all := w.Panels() * w.Panel
	most := min(all, max(1, stagingFloats/w.NR)*w.NR)
	if len(e.staging) < most {
		e.staging = make([]float32, most)
	}
	for offset := 0; offset < all; offset += most {
		if err := f(offset, e.staging[:min(most, all-offset)]); err != nil {
			return err
		}
	}
	return nil
}

// inBlocks calls f for a few inputs at a time of every output o that lies in a piece of the
// panels: column[i·NR], i < rows, is of input from + i, or the bias where that is In, or
// padding. A line of the cache holds several outputs of a panel, so that a few inputs of
// all of them are better than all inputs of one.
func inBlocks(w kernels.Weights, offset int, staging []float32, f func(o, from, rows int, column []float32)) {
	const block = 64
	for at := 0; at < len(staging); {
		panel, from := (offset+at)/w.Panel, (offset+at)%w.Panel/w.NR
		rows := min(block, w.Panel/w.NR-from, (len(staging)-at)/w.NR)
		if from <= w.In { // what follows the bias is padding
			for o := panel * w.NR; o < min((panel+1)*w.NR, w.Out); o++ {
				f(o, from, rows, staging[at+o%w.NR:at+rows*w.NR])
			}
		}
		at += rows * w.NR
	}
}

// layer finds one layer of p that the host slices fit.
func (e *opencl) layer(op string, p Parameters, layer int, weights, bias []float32) (kernels.Weights, error) {
	own, err := take[*openclParameters](e, op, p)
	if err != nil {
		return kernels.Weights{}, err
	}
	if err := checkLayer(op, own, layer, len(weights), len(bias)); err != nil {
		return kernels.Weights{}, err
	}
	return own.layers[layer], nil
}
