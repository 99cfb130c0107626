package trainer

import (
	"fmt"
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// Init names how the weights of a new network are drawn. Biases begin at 0.
type Init string

// The initialisations; in and out are the units that the layer joins.
const (
	// InitAuto is InitHe before a ReLU and InitXavier before everything else, the
	// output layer included. Before a hidden sigmoid the range of InitXavier is
	// multiplied by 4: eq. 16 supposes g′(0) = 1, and the sigmoid has g′(0) = ¼, so
	// that without it the signal shrinks by 4 from layer to layer, both ways, and a
	// net of four hidden layers of 50 does not begin to learn the digits.
	InitAuto Init = "auto"
	// InitXavier is uniform in ±√(6/(in+out)): X. Glorot and Y. Bengio,
	// "Understanding the difficulty of training deep feedforward neural networks",
	// AISTATS (2010), eq. 16.
	InitXavier Init = "xavier"
	// InitHe is normal with variance 2/in: K. He, X. Zhang, S. Ren and J. Sun,
	// "Delving deep into rectifiers", ICCV (2015), eq. 10.
	InitHe Init = "he"
)

// Check returns an error that lists the known names when i is not one of them
// and not "".
func (i Init) Check() error {
	switch i {
	case "", InitAuto, InitXavier, InitHe:
		return nil
	}
	return fmt.Errorf("unknown initialisation %q: have %s, %s, %s", string(i), InitAuto, InitXavier, InitHe)
}

// The first name of a random stream says what its numbers are for, so that one
// seed can serve several purposes. The second is the layer or the epoch.
const (
	streamWeights uint32 = 0x7765696e // "wein", the weights of a layer
	streamShuffle uint32 = 0x73687566 // "shuf", the order of an epoch
)

// fill draws the weights of layer l. The number of each weight is that of its
// place, (seed, layer, element), so nothing else decides it.
func (i Init) fill(net *Network, l int, seed uint64) {
	in, out := net.Sizes[l], net.Sizes[l+1]
	stream := cpuref.NewStream(seed, streamWeights, uint32(l))
	w := net.Layers[l].W
	hidden := l < len(net.Layers)-1

	if i == InitHe || (i != InitXavier && hidden && net.Hidden == device.ReLU) {
		deviation := math.Sqrt(2 / float64(in))
		for e := range w {
			w[e] = float32(deviation * stream.Normal(uint64(e)))
		}
		return
	}
	limit := math.Sqrt(6 / (float64(in) + float64(out)))
	if i != InitXavier && hidden && net.Hidden == device.Sigmoid {
		limit *= 4
	}
	for e := range w {
		w[e] = float32(limit * (2*stream.Float64(uint64(e)) - 1))
	}
}
