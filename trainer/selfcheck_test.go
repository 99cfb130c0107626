package trainer

import (
	"context"
	"errors"
	"testing"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// A thorough self-check has every activation, loss and optimizer, and passes on the
// reference; a quick one passes on a device.
func TestSelfCheck(t *testing.T) {
	if n, err := SelfCheck(context.Background(), device.OpenReference(), true); err != nil || n != 1+len(selfChecks()) {
		t.Errorf("after %d networks: %v", n, err)
	}
	if n, err := SelfCheck(context.Background(), openOpenCL(t), false); err != nil || n != 1 {
		t.Errorf("after %d networks: %v", n, err)
	}
	seen := map[string]bool{}
	for _, c := range selfChecks() {
		seen[string(c.net.Hidden)], seen[string(c.net.Loss)], seen[c.config.Optimizer.Name] = true, true, true
	}
	names := Optimizers()
	for _, loss := range cpuref.Losses() {
		names = append(names, string(loss))
	}
	for _, act := range cpuref.HiddenActivations() {
		names = append(names, string(act))
	}
	for _, name := range names {
		if !seen[name] {
			t.Errorf("%s is not checked", name)
		}
	}
}

// What is wrong by a part in a thousand is found, and named.
func TestSelfCheckFinds(t *testing.T) {
	eng := &tamper{Engine: device.OpenReference(), t: t, pick: func(op device.Op) any {
		if o, ok := op.(device.HiddenDelta); ok {
			return o.Delta
		}
		return nil
	}}
	n, err := SelfCheck(context.Background(), eng, false)
	var wrong *Disagreement
	if n != 0 || !errors.As(err, &wrong) || wrong.Operation != "hidden delta, layer 2" {
		t.Errorf("after %d networks: %v", n, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := SelfCheck(ctx, device.OpenReference(), false); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
