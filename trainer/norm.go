package trainer

import (
	"fmt"
	"slices"

	"github.com/clprop/clprop/device"
)

// Norm names how z of a hidden layer is normalised before g:
//
//	z = W a + b,   y = γ ẑ + β,   a = g(y)
//
// γ and β are trained by every Optimizer; like biases they have no penalty and no decay,
// though ClipNorm and ClipValue count their part of D. The formulas and their sources are at
// BatchNorm and LayerNorm of package cpuref.
type Norm string

// The normalisations.
const (
	NormNone Norm = ""
	// BatchNorm has ẑ = (z − μ)/√(σ² + ε) with μ and σ² of each unit over the examples of a
	// step, and, in what is validated, evaluated or predicted, with a running mean and
	// variance. A step needs two examples. b makes no difference: μ takes it off again.
	BatchNorm Norm = "batch"
	// LayerNorm has μ and σ² of each example over the units of the layer, in training and
	// afterwards.
	LayerNorm Norm = "layer"
)

// Norms lists them, with none for NormNone.
func Norms() []string { return []string{"none", string(BatchNorm), string(LayerNorm)} }

// Check returns an error that lists the names when n is not one of them.
func (n Norm) Check() error {
	switch n {
	case NormNone, BatchNorm, LayerNorm:
		return nil
	}
	return fmt.Errorf("unknown normalisation %q: have %s, %s, or empty for none", string(n), BatchNorm, LayerNorm)
}

// String is the name, and none for NormNone.
func (n Norm) String() string {
	if n == NormNone {
		return "none"
	}
	return string(n)
}

// NormUnits is the normalisation of one hidden layer, a number for each unit.
type NormUnits struct {
	Gamma, Beta []float32
	// Mean and Variance are the running ones of BatchNorm; nil with LayerNorm.
	Mean, Variance []float32
}

// newNormUnits are γ = 1, β = 0, mean 0 and variance 1.
func newNormUnits(n Norm, units int) NormUnits {
	ones := func() []float32 { return slices.Repeat([]float32{1}, units) }
	u := NormUnits{Gamma: ones(), Beta: make([]float32, units)}
	if n == BatchNorm {
		u.Mean, u.Variance = make([]float32, units), ones()
	}
	return u
}

// layers is how many layers of biases alone a normalisation is in Θ: γ, β, and the running
// mean and variance. Statistics are there because whatever keeps, averages, saves or gives
// back Θ must do so with them; their Δ is always 0, so that no optimizer moves them.
func (n Norm) layers() int {
	switch n {
	case BatchNorm:
		return device.BatchNormLayers
	case LayerNorm:
		return device.LayerNormLayers
	}
	return 0
}

// values lists the numbers of one layer in the order of Θ.
func (u *NormUnits) values(n Norm) []*[]float32 {
	return []*[]float32{&u.Gamma, &u.Beta, &u.Mean, &u.Variance}[:n.layers()]
}

// all is Θ as the device has it: Layers, and then the numbers of Norms, each as biases of a
// layer without inputs. It shares their memory.
func (n *Network) all() []Layer {
	list := slices.Clone(n.Layers)
	for l := range n.Norms {
		for _, values := range n.Norms[l].values(n.Norm) {
			list = append(list, Layer{B: *values})
		}
	}
	return list
}

// setAll is the way back.
func (n *Network) setAll(list []Layer) {
	dense := len(n.Sizes) - 1
	n.Layers, list = list[:dense:dense], list[dense:]
	n.Norms = nil
	for len(list) > 0 {
		var u NormUnits
		for i, values := range u.values(n.Norm) {
			*values = list[i].B
		}
		n.Norms, list = append(n.Norms, u), list[n.Norm.layers():]
	}
}

// checkNorms is the part of Check about them.
func (n *Network) checkNorms() error {
	want := 0
	if n.Norm != NormNone {
		want = len(n.Sizes) - 2
	}
	if len(n.Norms) != want {
		return fmt.Errorf("network %v: %d normalisations, need %d", n, len(n.Norms), want)
	}
	for l := range n.Norms {
		for i, values := range n.Norms[l].values(n.Norm) {
			name, units := normNames[i], n.Sizes[l+1]
			if len(*values) != units {
				return fmt.Errorf("network %v: layer %d has %d numbers %s, need %d", n, l, len(*values), name, units)
			}
			for j, v := range *values {
				if v-v != 0 || name == "variance" && v < 0 {
					return fmt.Errorf("network %v: layer %d: %s [%d] is %v", n, l, name, j, v)
				}
			}
		}
	}
	return nil
}

var normNames = []string{"γ", "β", "mean", "variance"}

// checkBatchNorm refuses what batch normalisation cannot be trained with: examples that are
// alone in a step, as PyTorch does when it meets one, parts of a batch, whose means and
// variances are not those of the batch, and points that are only tried. Each of several ranks
// needs examples in every step, since all wait for what it has to say of them: with two for
// each, device.Ranked.Share gives none to nobody.
func (n *Network) checkBatchNorm(rows, ranks int, c Config) error {
	least := 2 * ranks
	few := func(batch int) bool { return batch < least || rows%batch > 0 && rows%batch < least }
	switch batch := c.BatchSize; {
	case n.Norm != BatchNorm || len(n.Norms) == 0:
		return nil
	case c.Optimizer.WholeSet():
		return conflict("optimizer %s tries weights that it does not keep, and the running means and variances of batch normalisation would follow them: use norm layer, or another optimizer", c.Optimizer.Name)
	case c.MicroBatch > 0:
		return conflict("batch normalisation is by all examples of a step, %d, and a micro-batch of %d has a part of them: leave it out, or use norm layer", batch, c.MicroBatch)
	case rows == 1:
		return fmt.Errorf("%w: batch normalisation needs two examples, and there is one", ErrData)
	case rows < least:
		return fmt.Errorf("%w: batch normalisation needs two examples for each of %d ranks, and there are %d", ErrData, ranks, rows)
	case !few(batch):
		return nil
	}
	better := c.BatchSize + 1
	for better < rows && few(better) {
		better++
	}
	if ranks > 1 {
		return conflict("batch normalisation on %d ranks needs %d examples in each step: %d in batches of %d leave fewer: take batches of %d", ranks, least, rows, c.BatchSize, better)
	}
	return conflict("batch normalisation needs two examples in each step: %d in batches of %d leave one alone: take batches of %d", rows, c.BatchSize, better)
}

// normed is what a normalisation keeps of a batch for the way back.
type normed struct {
	z     device.Matrix // before it
	saved device.Matrix // mean and 1/√(σ²+ε): 2 × s by unit, or b × 2 by example
	delta device.Matrix // δ of y
	byRow bool          // whether saved is by example
}

func (n normed) head(m int) normed {
	n.z, n.delta = n.z.Head(m), n.delta.Head(m)
	if n.byRow {
		n.saved = n.saved.Head(m)
	}
	return n
}

// normed allocates what the hidden layers keep.
func (m *memory) normed(net *Network, batch int) (list []normed) {
	for l := range net.Norms {
		s, what := net.Sizes[l+1], fmt.Sprintf("(%d) before its normalisation", l+2)
		n := normed{z: m.matrix("z"+what, batch, s), delta: m.stored("δ"+what, batch, s), byRow: net.Norm == LayerNorm}
		if n.byRow {
			n.saved = m.matrix("deviations of the examples", batch, 2)
		} else {
			n.saved = m.matrix("deviations of the units", 2, s)
		}
		list = append(list, n)
	}
	return list
}

// normLayer is where in Θ the normalisation of hidden layer l is.
func (d onDevice) normLayer(l int) int { return d.dense + l*d.norm.layers() }

// statistic reports whether a layer of Θ is a running mean or variance, which is not trained.
func (d onDevice) statistic(l int) bool {
	return d.norm == BatchNorm && l >= d.dense && (l-d.dense)%d.norm.layers() >= 2
}

// hiddenLayer writes down the way from a, what layer l reads, to u.a[l]. With room for the
// way back a normalisation is that of training.
func (d onDevice) hiddenLayer(u units, l int, a device.Matrix) []device.Op {
	if d.norm == NormNone {
		return []device.Op{device.Forward{Act: d.hidden, A: a, Theta: d.theta, Layer: l, Out: u.a[l], Z: u.zOf(l)}}
	}
	norm := device.BatchNorm{Act: d.hidden, Z: u.a[l], Theta: d.theta, Layer: d.normLayer(l), Out: u.a[l]}
	if len(u.full) > 0 {
		norm.Z = u.full[l]
	}
	if len(u.normed) > 0 {
		norm.Z, norm.Saved, norm.Y = u.normed[l].z, u.normed[l].saved, u.zOf(l)
	}
	ops := []device.Op{device.Forward{Act: device.Linear, A: a, Theta: d.theta, Layer: l, Out: norm.Z}, norm}
	if d.norm == LayerNorm {
		ops[1] = device.LayerNorm(norm)
	}
	return ops
}

// normBack writes down the way of δ from behind the normalisation of hidden layer l to z.
func (d onDevice) normBack(u units, l int, sum device.Parameters, fresh bool) device.Op {
	n := u.normed[l]
	back := device.BatchNormDelta{Delta: n.delta, Z: n.z, Saved: n.saved, Theta: d.theta, Layer: d.normLayer(l),
		Sum: sum, Fresh: fresh, Back: u.delta[l]}
	if d.norm == LayerNorm {
		return device.LayerNormDelta(back)
	}
	return back
}
