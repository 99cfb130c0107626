package trainer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/clprop/clprop/device"
)

// Predictor computes h for batch after batch, of some sizes, with everything that takes
// time done before the first. Like its Trainer, it is for one goroutine at a time.
type Predictor struct {
	t      *Trainer
	memory memory
	sizes  []int         // ascending
	plans  []device.Plan // of sizes
	in, h  device.Matrix // of the largest size: the others use the first rows
}

// NewPredictor prepares predictions of the given numbers of examples; none means 256, or as
// many as the device has memory for. The memory taken is that of the largest.
func (t *Trainer) NewPredictor(sizes ...int) (p *Predictor, err error) {
	if len(sizes) == 0 {
		err = fitting(evaluationBatch, func(size int) (err error) {
			p, err = t.NewPredictor(size)
			return err
		})
		return p, err
	}
	sizes = slices.Compact(slices.Sorted(slices.Values(sizes)))
	if sizes[0] < 1 {
		return nil, fmt.Errorf("predict: batch size is %d: need at least 1", sizes[0])
	}
	p = &Predictor{t: t, memory: memory{eng: t.eng}, sizes: sizes}
	largest := sizes[len(sizes)-1]
	u := p.memory.units(t.net, largest, false)
	p.in = p.memory.matrix("the inputs of a batch", largest, t.net.Sizes[0])
	for _, size := range sizes {
		if p.memory.err != nil {
			break
		}
		p.plans = append(p.plans, p.memory.plan("prediction", predict(t.dev, u, p.in.Head(size))...))
	}
	if err := p.memory.err; err != nil {
		p.Close()
		return nil, fmt.Errorf("predict: %w", err)
	}
	p.h = u.a[len(u.a)-1]
	return p, nil
}

// Close gives back the engine's memory. It is safe to call twice.
func (p *Predictor) Close() { p.memory.release() }

// Outputs is K, the numbers that Predict gives for an example.
func (p *Predictor) Outputs() int { return p.t.net.outputs() }

// Predict fills h, K numbers an example, from examples x, row-major with s_1 features
// each, as Trainer.Predict does. It takes batches of the largest size, and for the rest
// the smallest size that it fits in. When ctx ends between two batches the error wraps its
// error.
func (p *Predictor) Predict(ctx context.Context, h, x []float32) error {
	features, k := p.t.net.Sizes[0], p.t.net.outputs()
	rows := len(x) / features
	if len(x) != rows*features || len(h) != rows*k {
		return fmt.Errorf("predict: %w: %d inputs and %d outputs are not those of whole examples: network %v", ErrData, len(x), len(h), p.t.net)
	}
	for from := 0; from < rows; {
		i, _ := slices.BinarySearchFunc(p.sizes, rows-from, cmp.Compare)
		i = min(i, len(p.sizes)-1)
		// The last batch leaves old examples in the rows below; no one reads theirs.
		to := min(from+p.sizes[i], rows)
		err := ctx.Err()
		if err == nil {
			err = p.t.eng.Write(p.in, 0, x[from*features:to*features])
		}
		if err == nil {
			err = p.plans[i].Run()
		}
		if err == nil {
			err = p.t.eng.Read(h[from*k:to*k], p.h, 0)
		}
		if err != nil {
			return fmt.Errorf("predict: example %d: %w", from, err)
		}
		from = to
	}
	return nil
}
