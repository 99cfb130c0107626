package trainer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

// A network learns to read the embedded digits on the CPU reference; with
// device.Open instead of device.OpenReference it learns on a GPU.
func Example() {
	digits, _, err := data.Digits()
	if err != nil {
		log.Fatal(err)
	}
	train, validation, err := digits.Split(0.2, 1)
	if err != nil {
		log.Fatal(err)
	}
	net, err := trainer.NewNetwork(trainer.NetworkConfig{Sizes: []int{64, 32, 10}, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	t, err := trainer.New(net, device.OpenReference())
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	history, err := t.Fit(context.Background(), train, validation, trainer.Config{Epochs: 10, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(net, "accuracy above 0.9:", history.Last().ValAccuracy > 0.9)
	// Output: 64-32-10 accuracy above 0.9: true
}
