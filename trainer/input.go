package trainer

import (
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// input is the place on the device where the examples of a batch lie while a
// plan works on them, and beside it the host memory they are gathered in when
// they are streamed.
type input struct {
	batch                              // x is b × s_1, y b × K; weight b × 1, nil until weigh
	hostX, hostY, hostWeight []float32 // nil until streamed to
	pending                  []device.Transfer
	gathering                time.Duration // what getting the examples took
}

// inputs allocates n inputs for batches of up to batch examples.
func (m *memory) inputs(net *Network, n, batch int) []*input {
	list := make([]*input, n)
	for i := range list {
		list[i] = &input{}
		list[i].x = m.stored("the inputs of a batch", batch, net.Sizes[0])
		list[i].y = m.matrix("the labels of a batch", batch, net.outputs())
	}
	return list
}

// weigh allocates the weights of the examples of a batch.
func (m *memory) weigh(inputs []*input) {
	for _, in := range inputs {
		if m.err == nil {
			in.weight = m.matrix("the weights of a batch", in.x.Rows(), 1)
		}
	}
}

// head is the first n examples, with their weights if weighted.
func (b batch) head(n int, weighted bool) batch {
	h := batch{x: b.x.Head(n), y: b.y.Head(n)}
	if weighted {
		h.weight = b.weight.Head(n)
	}
	return h
}

// load sends the given rows of set.
func (in *input) load(eng device.Engine, set *data.Set, rows []int32) error {
	return in.send(eng, set.Weights != nil, func() (err error) {
		if in.hostX, err = set.Append(in.hostX[:0], rows); err != nil {
			return err
		}
		in.hostY = gather(in.hostY[:0], set.Y, set.Outputs, rows)
		if set.Weights != nil {
			in.hostWeight = gather(in.hostWeight[:0], set.Weights, 1, rows)
		}
		return nil
	})
}

// send sends what fill puts into the host memory. It waits only for this input's last load,
// whose host memory is filled anew: with two inputs in turn, that of two steps ago.
func (in *input) send(eng device.Engine, weighted bool, fill func() error) error {
	for _, transfer := range in.pending {
		if err := transfer.Wait(); err != nil {
			return err
		}
	}
	in.pending = in.pending[:0]
	began := time.Now()
	if err := fill(); err != nil {
		return err
	}
	in.gathering += time.Since(began)
	type part struct {
		dst device.Matrix
		src []float32
	}
	parts := []part{{in.x, in.hostX}, {in.y, in.hostY}}
	if weighted {
		parts = append(parts, part{in.weight, in.hostWeight})
	}
	for _, part := range parts {
		transfer, err := eng.Upload(part.dst, part.src)
		if err != nil {
			return err
		}
		in.pending = append(in.pending, transfer)
	}
	return nil
}

// gather appends the given rows of src, cols wide, to dst.
func gather(dst, src []float32, cols int, rows []int32) []float32 {
	for _, row := range rows {
		dst = append(dst, src[int(row)*cols:][:cols]...)
	}
	return dst
}
