package main

import (
	"fmt"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/tensorboard"
)

// openEvents begins the event file that --tensorboard asks for: the function that it
// returns writes an epoch to it, and the other one ends it.
func (t *training) openEvents() (epoch func(trainer.Epoch), end func() error, err error) {
	folder := t.flags.tensorboard
	if folder == "" {
		return func(trainer.Epoch) {}, func() error { return nil }, nil
	}
	failed := func(err error) error {
		if err == nil {
			return nil
		}
		return fmt.Errorf("--tensorboard %s: %w", folder, err)
	}
	w, err := tensorboard.New(folder)
	if err != nil {
		return nil, nil, failed(err)
	}
	classes := !t.net.Loss.Regression()
	return func(e trainer.Epoch) { w.Epoch(e, classes) }, func() error { return failed(w.Close()) }, nil
}
