package device

import "time"

// leastBucket is how many values of Δ are summed at once at least, 256 KiB: a sum of
// fewer takes as long as its latency, and every bucket makes the host wait for the
// device once.
const leastBucket = 1 << 16

// bucket is some layers of Δ, which are summed at once.
type bucket struct {
	plan   Plan // that ends when Δ of the layers is complete; nil if there is nothing to do
	layers []bucketLayer
	values []float32 // of all its layers
	wait   func() (time.Duration, error)
}

// bucketLayer is where a layer lies in the values of a bucket.
type bucketLayer struct {
	layer  int
	values []float32
	copied func() error // waits until Δ of the layer is in values
}

// bucketLayers divides layers into buckets, the last layers first, as back-propagation
// comes to them; layers of biases alone, of normalisations, are last. It depends on nothing
// else, so that it is the same on all ranks.
func bucketLayers(shapes []Shape) (buckets [][]int) {
	var layers, norms []int
	values := 0
	for l := len(shapes) - 1; l >= 0; l-- {
		if shapes[l].In == 0 {
			norms = append(norms, l)
			continue
		}
		layers = append(layers, l)
		values += (shapes[l].In + 1) * shapes[l].Out
		if l > 0 && values >= leastBucket {
			buckets, layers, values = append(buckets, layers), nil, 0
		}
	}
	return append(buckets, append(layers, norms...))
}

func (p *rankedPlan) newBucket(layers []int) (*bucket, error) {
	b, total, sizes := &bucket{}, 0, make([]int, len(layers))
	for i, l := range layers {
		var err error
		if sizes[i], err = p.copies.layerFloats(p.sum, l); err != nil {
			return nil, err
		}
		total += sizes[i]
	}
	b.values = make([]float32, total)
	rest := b.values
	for i, l := range layers {
		b.layers = append(b.layers, bucketLayer{layer: l, values: rest[:sizes[i]:sizes[i]]})
		rest = rest[sizes[i]:]
	}
	return b, nil
}

// queue runs the operations of a bucket, and begins to copy its Δ.
func (p *rankedPlan) queue(b *bucket) error {
	if b.plan != nil {
		if err := b.plan.Run(); err != nil {
			return err
		}
	}
	for i := range b.layers {
		l := &b.layers[i]
		var err error
		if l.copied, err = p.copies.readLayer(l.values, p.sum, l.layer); err != nil {
			return err
		}
	}
	return nil
}

// begin begins the sum of a bucket, once its Δ is there.
func (p *rankedPlan) begin(b *bucket) error {
	for i := range b.layers {
		if err := b.layers[i].arrived(); err != nil {
			return err
		}
	}
	b.wait = p.engine.sum(b.values)
	return nil
}

// arrived waits for the copy of a layer, if one was begun.
func (l *bucketLayer) arrived() error {
	copied := l.copied
	l.copied = nil
	if copied == nil {
		return nil
	}
	return copied()
}

// abandon waits for what uses the memory of buckets after an error: the sums that were begun, which
// the ranks that answer end, and the copies of the rest.
func (p *rankedPlan) abandon(begun int) {
	for i, b := range p.buckets {
		if i < begun {
			b.wait()
			continue
		}
		for i := range b.layers {
			_ = b.layers[i].arrived() // the first error is told
		}
	}
}

func (p *rankedPlan) end(b *bucket) error {
	began := time.Now()
	took, err := b.wait()
	waited := time.Since(began)
	p.engine.summed += max(took, waited)
	p.engine.waited += waited
	if err != nil {
		return err
	}
	for _, l := range b.layers {
		if err := p.copies.writeLayer(p.sum, l.layer, l.values); err != nil {
			return err
		}
	}
	return nil
}
