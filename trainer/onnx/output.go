package onnx

import (
	"fmt"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
)

// finish makes the network of the value that is the output.
func (r *reader) finish(output []byte) error {
	v := r.values[string(output)]
	if v == nil || v.base != r.current || len(r.layers) == 0 {
		return fmt.Errorf("the output %.40q is not what the last layer gives", output)
	}
	loss, err := r.outputLoss(v)
	if err != nil {
		return err
	}
	r.output = v.affine
	hidden := r.hidden
	if hidden == "" {
		hidden = device.ReLU // there are no hidden layers
	}
	r.Network = &trainer.Network{Sizes: r.sizes, Hidden: hidden, Loss: loss, Layers: r.layers}
	if err := r.takeNorms(r.Network); err != nil {
		return err
	}
	return r.Network.Check()
}

// outputLoss finds the loss that belongs to the output.
func (r *reader) outputLoss(v *value) (device.Loss, error) {
	k := r.sizes[len(r.sizes)-1]
	act := v.f
	if act != device.Linear && act != device.Sigmoid && act != device.Softmax {
		return "", fmt.Errorf("the output is %s of the last layer: networks here give z, its sigmoid or its softmax", act)
	}
	if act != device.Linear && !v.identity() {
		return "", fmt.Errorf("the output is scaled after its %s", act)
	}
	fits := func(l device.Loss) bool {
		return l.Check() == nil && (act == device.Linear || l.Output() == act) &&
			(v.identity() || l.Regression()) && (k > 1 || l != device.SoftmaxCrossEntropy)
	}
	if r.loss != "" {
		if !fits(r.loss) {
			return "", fmt.Errorf("the loss %s has no such output: %s of %d units, scaled: %t", r.loss, act, k, !v.identity())
		}
		return r.loss, nil
	}
	said := device.Loss(r.Metadata[keyLoss])
	for _, l := range append([]device.Loss{said}, cpuref.SoftmaxCrossEntropy, cpuref.SigmoidCrossEntropy, cpuref.MeanSquaredError) {
		if fits(l) {
			return l, nil
		}
	}
	return "", fmt.Errorf("no loss has such an output: %s of %d units", act, k)
}
