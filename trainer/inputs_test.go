package trainer

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
)

// inputs are data.Inputs of memory, which end where they are told to.
type inputs struct {
	x     []float32
	cols  int
	left  int // rows that can be read
	limit bool
}

var errUnreadable = errors.New("unreadable")

func (p *inputs) Append(dst []float32, rows []int32) ([]float32, error) {
	if p.left -= len(rows); p.limit && p.left < 0 {
		return dst, errUnreadable
	}
	return gather(dst, p.x, p.cols, rows), nil
}

// Examples whose inputs are read when they are needed come to the same bits as those in
// memory, on the device and streamed, in parts, verified; they are the same set for a
// checkpoint. What cannot be read is an error.
func TestInputsInAFile(t *testing.T) {
	held := randomSet(1, 23, 6, 3)
	n := NetworkConfig{Sizes: []int{6, 9, 3}, Hidden: device.Tanh, Seed: 5}
	c := Config{Epochs: 3, BatchSize: 10, MicroBatch: 4, Seed: 7, VerifyEvery: 2}
	want, history := fitted(t, n, held, held, c)
	filed := *held
	filed.X, filed.Inputs = nil, &inputs{x: held.X, cols: 6}
	for _, c.Resident = range []Resident{ResidentYes, ResidentNo} {
		net, h := fitted(t, n, &filed, &filed, c)
		if !sameBits(net, want) || h.Last().ValLoss != history.Last().ValLoss {
			t.Errorf("resident %s: other bits", c.Resident)
		}
	}
	a, err := NewFingerprint(&filed)
	b, _ := NewFingerprint(held)
	if err != nil || a != b {
		t.Errorf("fingerprint %v, in memory %v, error %v", a, b, err)
	}
	tr := open(t, want, device.OpenReference())
	inMemory, err := tr.Evaluate(t.Context(), held)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := tr.Evaluate(t.Context(), &filed); err != nil || e.Loss != inMemory.Loss {
		t.Errorf("loss %v, in memory %v, error %v", e.Loss, inMemory.Loss, err)
	}

	for _, c.Resident = range []Resident{ResidentYes, ResidentNo} {
		short := filed
		short.Inputs = &inputs{x: held.X, cols: 6, left: 12, limit: true}
		_, err := open(t, newNetwork(t, n), device.OpenReference()).Fit(context.Background(), &short, nil, c)
		if !errors.Is(err, errUnreadable) || !strings.HasPrefix(err.Error(), "fit: ") {
			t.Errorf("resident %s: error %v", c.Resident, err)
		}
	}
}
