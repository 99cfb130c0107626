package enginetest

import (
	"testing"

	"github.com/clprop/clprop/device"
)

// Options fit the suite to an engine. The zero value runs everything.
type Options struct {
	// Small keeps sizes at or below 33, for a simulator.
	Small bool
	// Products runs only the cases of matrix products, with little for a compiler to do:
	// for many shapes of kernels one after the other.
	Products bool
	// Another opens a second engine of the same kind, for the cases that leave
	// an engine unusable: a failed plan, and Close. When nil they are skipped.
	Another func() (device.Engine, error)
}

// size is a batch of b examples and a layer from in to out units.
type size struct{ b, in, out int }

// Sizes are 1, primes, and powers of two with their neighbours, where tiles and
// vectors end, each in each place.
var (
	smallSizes = []size{
		{1, 1, 1}, {2, 1, 3}, {1, 7, 2}, {3, 5, 1}, {15, 16, 17}, {17, 15, 16}, {16, 16, 16},
		{31, 2, 33}, {33, 17, 1}, {32, 33, 31},
	}
	allSizes = []size{
		{1, 1, 1}, {1, 1, 2}, {2, 1, 1}, {1, 2, 1}, {2, 2, 2}, {3, 5, 7}, {1, 17, 31}, {17, 1, 16}, {16, 31, 1},
		{15, 15, 15}, {16, 16, 16}, {17, 17, 17}, {15, 17, 16}, {16, 15, 17}, {31, 33, 32}, {32, 31, 33},
		{33, 32, 31}, {31, 31, 31}, {32, 32, 32}, {33, 33, 33}, {1, 257, 10}, {63, 64, 65}, {64, 65, 63},
		{65, 63, 64}, {63, 63, 63}, {64, 64, 64}, {65, 65, 65}, {127, 2, 127}, {2, 127, 65}, {127, 127, 3},
		{127, 64, 33}, {64, 257, 16}, {257, 32, 64}, {32, 64, 257}, {1, 127, 257}, {257, 1, 127},
		{11, 13, 29}, {53, 101, 47}, {97, 61, 113}, {257, 127, 63}, {127, 257, 65},
	}
)

// suite is one case's way to the engine. Its methods end the test on an error.
type suite struct {
	*testing.T
	e     device.Engine
	sizes []size
	opts  Options
}

// Run runs the suite on e, which stays open and usable.
func Run(t *testing.T, e device.Engine, opts Options) {
	sizes := allSizes
	switch {
	case opts.Small:
		sizes = smallSizes
	case opts.Products:
		sizes = productSizes
	}
	for _, c := range []struct {
		name string
		run  func(suite)
	}{
		{"Memory", memory},
		{"WriteRead", writeRead},
		{"Upload", upload},
		{"Parameters", parameters},
		{"Gather", gather},
		{"Forward", forward},
		{"Activate", activate},
		{"OutputDelta", outputDelta},
		{"HiddenDelta", hiddenDelta},
		{"Accumulate", accumulate},
		{"Gradient", gradient},
		{"SGD", sgd},
		{"Descent", descent},
		{"Optimisers", optimisers},
		{"OptimisersLong", optimisersLong},
		{"Regularisers", regularisers},
		{"Dropout", dropout},
		{"Halves", halves},
		{"HalfStep", halfStep},
		{"Augmentation", augmentation},
		{"BatchNorm", batchNorm},
		{"LayerNorm", layerNorm},
		{"NormStep", normStep},
		{"Cost", cost},
		{"CostCounts", costCounts},
		{"CostFarOut", costFarOut},
		{"Penalty", penalty},
		{"TallyGoesOn", tallyGoesOn},
		{"Head", head},
		{"Step", step},
		{"Parts", parts},
		{"Misuse", misuse},
		{"Failure", failure},
		{"Close", closed},
	} {
		if opts.Products && c.name != "Head" && c.name != "Descent" { // Head has all products
			continue
		}
		t.Run(c.name, func(t *testing.T) { c.run(suite{t, e, sizes, opts}) })
	}
	if err := e.Sync(); err != nil {
		t.Errorf("after the suite: %v", err)
	}
}
