package trainer

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
)

// unreadable is an engine of which so many reads of parameters succeed.
type unreadable struct {
	device.Engine
	left int
}

var errNoRead = errors.New("unreadable")

func (e *unreadable) ReadParameters(weights, bias []float32, src device.Parameters, layer int) error {
	if e.left--; e.left < 0 {
		return errNoRead
	}
	return e.Engine.ReadParameters(weights, bias, src, layer)
}

// Whichever layer of a checkpoint cannot be read, training ends with that error, and of the
// file that was being written meanwhile nothing is left. Those before it are whole.
func TestCheckpointThatCannotBeRead(t *testing.T) {
	train := randomSet(1, 23, 5, 3)
	c := resumeConfig()
	c.Optimizer, c.Rate = Optimizer{Name: "adam"}, 0.01
	for left := range 30 { // Θ of an epoch and Θ, mean and variance of a checkpoint have 2 layers each
		folder := t.TempDir()
		c.Checkpoints = &Checkpoints{Folder: folder}
		net := newNetwork(t, resumeNet)
		_, err := open(t, net, &unreadable{device.OpenReference(), left}).Fit(context.Background(), train, nil, c)
		if err == nil {
			if left < 20 {
				t.Errorf("%d reads were enough", left)
			}
			break
		}
		if !errors.Is(err, errNoRead) || strings.Contains(err.Error(), errAbandoned.Error()) {
			t.Errorf("after %d reads: error %v", left, err)
		}
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if strings.Contains(entry.Name(), ".clprop-") {
				t.Errorf("after %d reads: %s is left", left, entry.Name())
			}
		}
		if _, _, notes, err := Recover(folder); len(notes) > 0 || err != nil && !errors.Is(err, ErrNoCheckpoint) {
			t.Errorf("after %d reads: %v %q", left, err, notes)
		}
	}
}
