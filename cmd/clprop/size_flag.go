package main

import (
	"fmt"
	"strconv"

	"github.com/clprop/clprop/trainer"
)

// sizeFlag is a number of examples, or of epochs, at least least, or auto: trainer.AutoSize.
type sizeFlag struct {
	n     *int
	least int
	of    string // what is counted
}

func (s *sizeFlag) String() string {
	if s.n == nil { // pflag asks a zero value what its default is
		return ""
	}
	if *s.n == trainer.AutoSize {
		return "auto"
	}
	return strconv.Itoa(*s.n)
}

func (s *sizeFlag) Set(text string) error {
	if text == "auto" {
		*s.n = trainer.AutoSize
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("need a number of %s, or auto", s.of)
	}
	if n < s.least {
		return fmt.Errorf("need at least %d, or auto", s.least)
	}
	*s.n = n
	return nil
}

func (s *sizeFlag) Type() string { return "size" }

// tunedBatch is how many examples the kernels are to be fast at: those that the device has
// at a time, or, where that is not known before it is open, so many that more make no
// difference.
func tunedBatch(c trainer.Config) int {
	const many = 1024
	batch := c.BatchSize
	if batch == trainer.AutoSize {
		batch = many
	}
	if c.MicroBatch > 0 {
		return min(batch, c.MicroBatch)
	}
	return batch
}

// settleSizes chooses the sizes that are auto, and says what they are.
func (e *env) settleSizes(t *training, tr *trainer.Trainer) error {
	c := &t.flags.config
	if c.BatchSize != trainer.AutoSize && c.MicroBatch != trainer.AutoSize {
		return nil
	}
	settled, err := tr.Settle(t.examples.train, t.examples.validation, t.tried())
	if err != nil {
		return err
	}
	c.BatchSize, c.MicroBatch = settled.BatchSize, settled.MicroBatch
	if t.flags.quiet || c.Optimizer.WholeSet() && c.MicroBatch == 0 {
		return nil
	}
	text := "whole"
	if c.MicroBatch > 0 {
		text = fmt.Sprintf("in parts of %d", c.MicroBatch)
	}
	e.note("batch   %d examples, %s, as fits the device", c.BatchSize, text)
	return nil
}
