package metrics_test

import (
	"fmt"

	"github.com/clprop/clprop/trainer/metrics"
)

// Of four cats three are found, of four dogs two.
func ExampleOfConfusion() {
	c := metrics.OfConfusion([][]int{{3, 1}, {2, 2}})
	fmt.Printf("accuracy %.3f, macro F1 %.3f\n", c.Accuracy, c.Macro.F1)
	fmt.Printf("dogs: precision %.3f, recall %.3f\n", c.Each[1].Precision, c.Each[1].Recall)
	// Output:
	// accuracy 0.625, macro F1 0.619
	// dogs: precision 0.667, recall 0.500
}

func ExampleQuantities() {
	each, _ := metrics.Quantities([]float64{1, 2, 4}, []float64{1, 2, 3}, 1)
	fmt.Printf("MSE %.3f, MAE %.3f, R² %.1f\n", each[0].MSE, each[0].MAE, each[0].R2)
	// Output: MSE 0.333, MAE 0.333, R² 0.5
}
