package main

import (
	"fmt"
	"os"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
)

// describe says before training what will be done, and where.
func (e *env) describe(t *training) {
	x := t.examples
	rows, split := x.train.Rows, fmt.Sprintf("%d to train on", x.train.Rows)
	if x.validation != nil {
		rows += x.validation.Rows
		split += fmt.Sprintf(", %d for validation", x.validation.Rows)
	}
	if x.test != nil {
		rows += x.test.Rows
		split += fmt.Sprintf(", %d to test on", x.test.Rows)
	}
	e.note("data    %s: %d examples (%s), %d features, %d %s", x.source, rows, split, x.train.Features, x.train.Outputs, kindOfOutputs(t.net))
	if x.note != "" {
		e.note("        %s", x.note)
	}
	for _, d := range x.doubts {
		e.note("warning: %s", d)
	}
	e.note("net     %v, %s, %s: %d parameters", t.net, hiddenText(t.net), outputText(t.net.Loss), t.net.Parameters())
	e.note("device  %s", deviceText(t.eng.Info()))
	if _, err := os.Stat(t.flags.out); err == nil {
		e.note("model   %s, replacing the file that is there", t.flags.out)
	}
}

// kindOfOutputs says what the outputs of a network are.
func kindOfOutputs(n *trainer.Network) string {
	switch {
	case n.Loss.Regression():
		return "quantities"
	case n.Loss.MultiLabel():
		return "labels"
	}
	return "classes"
}

// hiddenText names the hidden units.
func hiddenText(n *trainer.Network) string {
	if n.Norm == trainer.NormNone {
		return string(n.Hidden)
	}
	return fmt.Sprintf("%s norm and %s", n.Norm, n.Hidden)
}

// outputText names the output units, and the loss where it is not their cross-entropy.
func outputText(loss device.Loss) string {
	if loss.MultiLabel() {
		return fmt.Sprintf("%s of each label", loss.Output())
	}
	if g := loss.Output(); g != device.Linear {
		return string(g)
	}
	return fmt.Sprintf("%s with %s", loss.Output(), loss)
}
