package trainer_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

// A network learns to read the embedded digits on the CPU reference; with
// device.Open("auto") instead of device.OpenReference it learns on a GPU.
func Example() {
	digits, _, err := data.Digits()
	check(err)
	train, validation, err := digits.Split(0.2, 1)
	check(err)
	net, err := trainer.NewNetwork(trainer.NetworkConfig{Sizes: []int{64, 32, 10}, Seed: 1})
	check(err)
	t, err := trainer.New(net, device.OpenReference())
	check(err)
	defer t.Close()
	history, err := t.Fit(context.Background(), train, validation, trainer.Config{Epochs: 10, Seed: 1})
	check(err)
	fmt.Println(net, "accuracy above 0.9:", history.Last().ValAccuracy > 0.9)
	// Output: 64-32-10 accuracy above 0.9: true
}

// Fit calls back after every epoch, and ends soon after its context does. The network then
// has the weights of the last step, and the history the epochs completed.
func ExampleTrainer_Fit() {
	digits, _, err := data.Digits()
	check(err)
	net, err := trainer.NewNetwork(trainer.NetworkConfig{Sizes: []int{64, 32, 10}, Seed: 1})
	check(err)
	t, err := trainer.New(net, device.OpenReference())
	check(err)
	defer t.Close()

	ctx, cancel := context.WithCancel(context.Background())
	last := math.Inf(1)
	history, err := t.Fit(ctx, digits, nil, trainer.Config{
		Epochs: 100,
		OnEpoch: func(e trainer.Epoch) {
			fmt.Println("epoch", e.Epoch, "loss is falling:", e.Loss < last)
			last = e.Loss
			if e.Epoch == 3 {
				cancel()
			}
		},
	})
	fmt.Println(len(history.Epochs), "epochs, stopped:", errors.Is(err, context.Canceled))
	// Output:
	// epoch 1 loss is falling: true
	// epoch 2 loss is falling: true
	// epoch 3 loss is falling: true
	// 3 epochs, stopped: true
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
