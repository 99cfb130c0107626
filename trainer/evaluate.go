package trainer

import (
	"context"
	"errors"
	"fmt"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// evaluationBatch is the batch size where the caller does not choose one: large
// enough that a product of matrices is efficient, small enough to fit anywhere.
const evaluationBatch = 256

// Predict returns h for examples x, row-major with s_1 features each: K numbers
// an example, the probability of each class (softmax), or that each output is 1
// (sigmoid), or the quantities, scaled as in training, or a hinge's scores. batch is how
// many examples the device takes at a time; 0 means 256, or as many as it has memory for. The
// batch size does not change a result by more than rounding. When ctx ends between two batches the error wraps its error.
func (t *Trainer) Predict(ctx context.Context, x []float32, batch int) ([]float32, error) {
	features, k := t.net.Sizes[0], t.net.outputs()
	if len(x)%features != 0 {
		return nil, fmt.Errorf("predict: %w: %d values are not whole examples of %d features", ErrData, len(x), features)
	}
	if batch < 0 {
		return nil, fmt.Errorf("predict: batch size is %d: need at least 1", batch)
	}
	rows := len(x) / features
	if rows == 0 {
		return nil, nil
	}
	h := make([]float32, rows*k)
	predict := func(batch int) error {
		p, err := t.NewPredictor(batch)
		if err != nil {
			return err
		}
		defer p.Close()
		return p.Predict(ctx, h, x)
	}
	var err error
	if batch > 0 {
		err = predict(min(batch, rows))
	} else {
		err = fitting(min(evaluationBatch, rows), predict)
	}
	if err != nil {
		return nil, err
	}
	return h, nil
}

// fitting does something with a batch of a size, or, where the device is known to have no
// memory for that, with half of it, a quarter, and so on down to 1.
func fitting(size int, do func(size int) error) error {
	for {
		err := do(size)
		if full := (*device.MemoryError)(nil); size == 1 || !errors.As(err, &full) || full.Cause != nil {
			return err
		}
		size = (size + 1) / 2
	}
}

// Evaluation is how well a network does on a set.
type Evaluation struct {
	Loss float64 `json:"loss"` // mean error of an example, without penalty
	// Accuracy is the share of examples classified right, or of which every label is; 0 in
	// regression.
	Accuracy float64 `json:"accuracy"`
	// Confusion[i][k] counts the examples of class i that were taken for class k.
	// A single output makes two classes, 0 and 1. It is nil in regression, and of several
	// labels at once.
	Confusion [][]int `json:"confusion"`
	Count     int     `json:"count"` // examples
	// H is h of all examples, Count × K, row-major: package metrics has more to say of it.
	H []float32 `json:"-"`
}

// Evaluate returns how well the network does on set. The class that it sees is
// the largest z(L), the first if several are equal, or, for a single output,
// whether z > 0; that of the label likewise, with y > ½. Of several labels at once all are
// seen as the one of a single output. When ctx ends between two batches the error wraps its error.
func (t *Trainer) Evaluate(ctx context.Context, set *data.Set) (e Evaluation, err error) {
	if err := t.checkSet("test set", set); err != nil {
		return Evaluation{}, fmt.Errorf("evaluate: %w", err)
	}
	if streams(set) {
		return Evaluation{}, fmt.Errorf("evaluate: examples that are judged one by one %w: what is said of each takes memory: evaluate a smaller set", data.ErrNoStream)
	}
	err = fitting(min(evaluationBatch, set.Rows), func(size int) (err error) {
		e, err = t.evaluate(ctx, set, size)
		return err
	})
	return e, err
}

// evaluate is Evaluate in batches of a size.
func (t *Trainer) evaluate(ctx context.Context, set *data.Set, size int) (Evaluation, error) {
	eng := t.ranks.local(t.eng)
	m := memory{eng: eng}
	defer m.release()
	u, tally := m.units(t.net, size, false), m.tally()
	p := m.pass("evaluation", examples{Set: unweighted(set)}, size, false, m.inputs(t.net, 1, size),
		func(b batch, _ part) []device.Op { return judge(t.dev, tally, u, b) })
	if m.err != nil {
		return Evaluation{}, fmt.Errorf("evaluate: %w", m.err)
	}
	k := t.net.outputs()
	e := Evaluation{H: make([]float32, set.Rows*k)}
	if loss := t.net.Loss; !loss.Regression() && !loss.MultiLabel() {
		e.Confusion = newConfusion(max(k, 2))
	}
	z := make([]float32, size*k)
	for step := range p.steps() {
		n, err := p.examples(step), ctx.Err()
		if err == nil {
			err = p.run(step)
		}
		if err == nil {
			err = eng.Read(z[:n*k], u.z, 0)
		}
		if err == nil {
			err = eng.Read(e.H[step*size*k:][:n*k], u.a[len(u.a)-1], 0)
		}
		if err != nil {
			return Evaluation{}, fmt.Errorf("evaluate: batch %d: %w", step, err)
		}
		for i := range n {
			if e.Confusion == nil {
				break
			}
			y := set.Y[(step*size+i)*k:][:k]
			e.Confusion[class(y, 0.5)][class(z[i*k:][:k], 0)]++
		}
	}
	sums, err := eng.ReadTally(tally)
	if err != nil {
		return Evaluation{}, fmt.Errorf("evaluate: %w", err)
	}
	e.Count = sums.Count
	e.Loss = sums.Loss / float64(sums.Count)
	e.Accuracy = float64(sums.Correct) / float64(sums.Count)
	return e, nil
}

func newConfusion(classes int) [][]int {
	counts := make([][]int, classes)
	for i := range counts {
		counts[i] = make([]int, classes)
	}
	return counts
}

// class returns the position of the largest of v, the first if several are; of a
// single value, 1 if it is above half and 0 if not.
func class(v []float32, half float32) int {
	if len(v) == 1 {
		if v[0] > half {
			return 1
		}
		return 0
	}
	best := 0
	for k, x := range v {
		if x > v[best] {
			best = k
		}
	}
	return best
}
