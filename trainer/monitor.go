package trainer

import (
	"fmt"
	"strconv"
	"strings"
)

// Monitor is a number of an Epoch, by its name in JSON.
type Monitor string

// The monitors. Those of val_ need a validation set.
const (
	MonitorLoss        Monitor = "loss"
	MonitorCost        Monitor = "cost"
	MonitorAccuracy    Monitor = "accuracy"
	MonitorValLoss     Monitor = "val_loss"
	MonitorValAccuracy Monitor = "val_accuracy"
)

// Monitors lists them.
func Monitors() []string {
	return []string{string(MonitorLoss), string(MonitorCost), string(MonitorAccuracy), string(MonitorValLoss), string(MonitorValAccuracy)}
}

// Of returns the number of an epoch.
func (m Monitor) Of(e Epoch) float64 {
	switch m {
	case MonitorLoss:
		return e.Loss
	case MonitorAccuracy:
		return e.Accuracy
	case MonitorValLoss:
		return e.ValLoss
	case MonitorValAccuracy:
		return e.ValAccuracy
	}
	return e.Cost
}

// rises reports whether a higher number is a better one.
func (m Monitor) rises() bool { return m == MonitorAccuracy || m == MonitorValAccuracy }

// better reports whether v is better than w by more than delta.
func (m Monitor) better(v, w, delta float64) bool {
	if m.rises() {
		return v > w+delta
	}
	return v < w-delta
}

// Check returns an error that lists the known names when m is not one of them, or if m
// needs a validation set and there is none.
func (m Monitor) Check(validated bool) error {
	switch m {
	case MonitorValLoss, MonitorValAccuracy:
		if !validated {
			return conflict("monitor %s needs a validation set", m)
		}
		return nil
	case MonitorLoss, MonitorCost, MonitorAccuracy:
		return nil
	}
	return fmt.Errorf("unknown monitor %q: have %s", string(m), strings.Join(Monitors(), ", "))
}

// orDefault is m, or what "" means.
func (m Monitor) orDefault(validated bool) Monitor {
	switch {
	case m != "":
		return m
	case validated:
		return MonitorValLoss
	}
	return MonitorCost
}

// Target is a value that a Monitor is to reach: at most Value, or of an accuracy at
// least. Without a Monitor there is none.
type Target struct {
	Monitor Monitor
	Value   float64
}

// ParseTarget reads what String writes, such as val_accuracy=0.9.
func ParseTarget(text string) (Target, error) {
	name, number, ok := strings.Cut(text, "=")
	value, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !finite(value) {
		return Target{}, fmt.Errorf("%q is not a target: write val_accuracy=0.9, or another of %s", text, strings.Join(Monitors(), ", "))
	}
	return Target{Monitor(name), value}, Monitor(name).Check(true)
}

func (t Target) String() string { return fmt.Sprintf("%s=%v", t.Monitor, t.Value) }

// reached reports whether an epoch is as good as the target.
func (t Target) reached(e Epoch) bool {
	return t.Monitor != "" && !t.Monitor.better(t.Value, t.Monitor.Of(e), 0)
}
