package kernels

import "slices"

// update is a launch of one pass over the flat memory of one layer's Parameters: Θ, D,
// and the moments of an optimiser, laid out alike. The kernel has the name of its
// file. Its arguments are for the caller to set; n, the floats to go over, is the first.
func (s *Set) update(name string, mac macros, layers ...Weights) (l *Launch, n int, err error) {
	theta := layers[0]
	for _, w := range layers {
		if err := fits(name, w.In == theta.In && w.Out == theta.Out, "layers %v", layers); err != nil {
			return nil, 0, err
		}
	}
	var k *kernel
	if slices.Contains(plainFiles, name+".cl") {
		k, err = s.plain(name)
	} else {
		mac["CHUNK"] = s.Tuning.Chunk
		k, err = s.kernel(name, mac, name+".cl")
	}
	if err != nil {
		return nil, 0, err
	}
	n = theta.Panels() * theta.Panel
	if l, err = s.overItems(name, k, ceilDiv(n, s.Tuning.Chunk*s.Tuning.VW), 1); err != nil {
		return nil, 0, err
	}
	l.Bytes = 4 * float64(n) * float64(2*len(layers)-1) // D is read, the others are written too
	return l, n, nil
}

// updateRate is the position of α among the arguments of sgd.cl, momentum.cl,
// rmsprop.cl and adagrad.cl, and of s among those of average.cl. The numbers of adam.cl and lion.cl that change from step
// to step begin there.
const updateRate = 1

// SetRate sets the learning rate α of a launch made by SGD, Momentum, RMSprop or
// Adagrad, and the share s of one made by Average.
func (l *Launch) SetRate(rate float32) error { return l.setFloat(updateRate, rate) }

// setFactors sets the numbers from updateRate on.
func (l *Launch) setFactors(factors ...float64) error {
	for i, f := range factors {
		if err := l.setFloat(updateRate+i, float32(f)); err != nil {
			return err
		}
	}
	return nil
}
