package trainer

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// Init names how the weights of a new network are drawn. Biases begin at 0.
type Init string

// The initialisations; in and out are the units that the layer joins.
const (
	// InitAuto is by the activation that the weights feed; the output layer gets
	// InitXavier:
	//
	//	ReLU, leaky ReLU, ELU, GELU, SiLU, softplus, hard swish   InitHe
	//	SELU                                  InitLeCun (Klambauer et al. 2017, §3)
	//	linear, sigmoid, tanh, hard sigmoid   InitXavier
	//
	// Before a hidden sigmoid the range of InitXavier is multiplied by 4, and before a
	// hard one by 6: eq. 16 supposes g′(0) = 1, and the sigmoid has g′(0) = ¼, so that
	// without it the signal shrinks by 4 from layer to layer, both ways, and a net of
	// four hidden layers of 50 does not begin to learn the digits.
	InitAuto Init = "auto"
	// InitXavier is uniform in ±√(6/(in+out)): X. Glorot and Y. Bengio,
	// "Understanding the difficulty of training deep feedforward neural networks",
	// AISTATS (2010), eq. 16.
	InitXavier Init = "xavier"
	// InitHe is normal with variance 2/in: K. He, X. Zhang, S. Ren and J. Sun,
	// "Delving deep into rectifiers", ICCV (2015), eq. 10.
	InitHe Init = "he"
	// InitLeCun is normal with variance 1/in: Y. LeCun, L. Bottou, G. B. Orr and K.-R.
	// Müller, "Efficient backprop", in Neural Networks: Tricks of the Trade (1998), eq. 16.
	InitLeCun Init = "lecun"
)

// Inits lists them.
func Inits() []string {
	return []string{string(InitAuto), string(InitXavier), string(InitHe), string(InitLeCun)}
}

// Check returns an error that lists the known names when i is not one of them
// and not "".
func (i Init) Check() error {
	if i == "" || slices.Contains(Inits(), string(i)) {
		return nil
	}
	return fmt.Errorf("unknown initialisation %q: have %s", string(i), strings.Join(Inits(), ", "))
}

// The first name of a random stream says what its numbers are for, so that one
// seed can serve several purposes. The second is the layer or the epoch.
const (
	streamWeights uint32 = 0x7765696e // "wein", the weights of a layer
	streamShuffle uint32 = 0x73687566 // "shuf", the order of an epoch
	// of the mask of what layer l reads, l more; the second is the step
	streamDropout uint32 = 0x64720000 // "dr"
	// of what changes examples; the second is the step
	streamShift uint32 = 0x73686966 // "shif"
	streamNoise uint32 = 0x6e6f6973 // "nois"
	streamMixup uint32 = 0x6d697875 // "mixu"
)

// fill draws the weights of layer l. The number of each weight is that of its
// place, (seed, layer, element), so nothing else decides it, and cores share them.
func (i Init) fill(net *Network, l int, seed uint64) {
	draw := i.draw(net, l, seed)
	w := net.Layers[l].W
	shares := max(1, min(runtime.GOMAXPROCS(0), len(w)/drawnByOne))
	var done sync.WaitGroup
	for s := range shares {
		from, to := s*len(w)/shares, (s+1)*len(w)/shares
		done.Go(func() {
			for e := from; e < to; e++ {
				w[e] = float32(draw(uint64(e)))
			}
		})
	}
	done.Wait()
}

// drawnByOne is how many weights are worth a core at least: a millisecond of it.
const drawnByOne = 1 << 14

// draw is what draws the weights of layer l.
func (i Init) draw(net *Network, l int, seed uint64) func(element uint64) float64 {
	in, out := float64(net.Sizes[l]), float64(net.Sizes[l+1])
	stream := cpuref.NewStream(seed, streamWeights, uint32(l))
	method, gain := i.before(net, l)
	if method == InitXavier {
		limit := gain * math.Sqrt(6/(in+out))
		return func(e uint64) float64 { return limit * (2*stream.Float64(e) - 1) }
	}
	deviation := math.Sqrt(1 / in)
	if method == InitHe {
		deviation = math.Sqrt(2 / in)
	}
	return func(e uint64) float64 { return deviation * stream.Normal(e) }
}

// before is how the weights of layer l are drawn, and what the range is multiplied by.
func (i Init) before(net *Network, l int) (method Init, gain float64) {
	switch {
	case i != "" && i != InitAuto:
		return i, 1
	case l == len(net.Layers)-1:
		return InitXavier, 1
	}
	switch net.Hidden {
	case device.Sigmoid:
		return InitXavier, 4
	case device.HardSigmoid:
		return InitXavier, 6
	case device.Linear, device.Tanh:
		return InitXavier, 1
	case device.SELU:
		return InitLeCun, 1
	}
	return InitHe, 1
}
