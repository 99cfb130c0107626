package device_test

import (
	"fmt"
	"log"

	"github.com/clprop/clprop/device"
)

// One layer, prepared once and run on two batches.
func ExampleOpenReference() {
	e := device.OpenReference()
	defer e.Close()

	a, err := e.NewMatrix(2, 2)
	if err != nil {
		log.Fatal(err)
	}
	out, err := e.NewMatrix(2, 1)
	if err != nil {
		log.Fatal(err)
	}
	theta, err := e.NewParameters([]device.Shape{{In: 2, Out: 1}})
	if err != nil {
		log.Fatal(err)
	}
	if err := e.WriteParameters(theta, 0, []float32{10, -1}, []float32{0.5}); err != nil {
		log.Fatal(err)
	}
	plan, err := e.Prepare(device.Forward{Act: device.ReLU, A: a, Theta: theta, Layer: 0, Out: out})
	if err != nil {
		log.Fatal(err)
	}
	for _, batch := range [][]float32{{1, 2, 3, 4}, {0, 2, 1, 0}} {
		if err := e.Write(a, 0, batch); err != nil {
			log.Fatal(err)
		}
		if err := plan.Run(); err != nil {
			log.Fatal(err)
		}
		h := make([]float32, 2)
		if err := e.Read(h, out, 0); err != nil {
			log.Fatal(err)
		}
		fmt.Println(h)
	}
	fmt.Println(e.Counters().Calls, "calls, kind", e.Info().Kind)
	// Output:
	// [8.5 26.5]
	// [0 10.5]
	// 2 calls, kind reference
}
