package kernels_test

import (
	"fmt"

	"github.com/clprop/clprop/kernels"
)

// Rows are whole vectors of 16 floats with room for the column of ones, and never a
// power of two apart that is a multiple of 256.
func ExampleLeadingDimension() {
	for _, cols := range []int{10, 15, 16, 784, 1024} {
		fmt.Println(cols, kernels.LeadingDimension(cols))
	}
	// Output:
	// 10 16
	// 15 16
	// 16 32
	// 784 800
	// 1024 1040
}

// Weights of a layer from 3 to 10 units in panels 4 wide: output 5 is in panel 1, and
// its bias in row 3.
func ExampleWeights_Index() {
	w := kernels.Weights{In: 3, Out: 10, NR: 4, Panel: 16 * 4}
	fmt.Println(w, w.Panels())
	fmt.Println(w.Index(0, 5), w.Index(2, 5), w.Index(w.In, 5))
	// Output:
	// 3→10 3
	// 65 73 77
}
