package trainer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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

// A training that was stopped leaves the network with the weights of its last step, or their
// mean, whether they go to a checkpoint, or one that cannot be written, or there is none; and
// the memory of the device but for Θ is given back.
func TestStoppedNetworkHasTheLastWeights(t *testing.T) {
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		for _, average := range []float64{0, 0.9} {
			c := Config{Epochs: 3, BatchSize: 4, Rate: 0.01, Optimizer: Optimizer{Name: "adam"}, Regularizers: Regularizers{Average: average}, Interval: 1}
			stop := func(at *Checkpoints, act func()) (*Network, error) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				c.Checkpoints = at
				c.OnBatch = func(p Progress) {
					if p.Epoch == 2 && p.Step == 3 {
						act()
						cancel()
					}
				}
				net := newNetwork(t, resumeNet)
				tr := open(t, net, eng)
				before := eng.Counters().Allocated
				_, err := tr.Fit(ctx, randomSet(1, 23, 5, 3), nil, c)
				if after := eng.Counters().Allocated; after != before {
					t.Errorf("%d bytes are allocated, were %d", after, before)
				}
				return net, err
			}
			want, err := stop(nil, func() {})
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			for every, steps := range map[string]int{"6 steps": 6, "4 steps": 4} {
				folder := filepath.Join(t.TempDir(), "run")
				for _, gone := range []bool{false, true} {
					if err := os.Mkdir(folder, 0o777); err != nil {
						t.Fatal(err)
					}
					got, err := stop(&Checkpoints{Folder: folder, Every: Every{Steps: steps}}, func() {
						for gone && os.RemoveAll(folder) != nil { // a checkpoint is being written
						}
					})
					if !gone && !errors.Is(err, context.Canceled) || gone && !errors.Is(err, os.ErrNotExist) {
						t.Errorf("every %s, folder gone: %v: error %v", every, gone, err)
					}
					if !sameBits(got, want) {
						t.Errorf("every %s, folder gone: %v, average %v: other weights than without checkpoints", every, gone, average)
					}
					os.RemoveAll(folder)
				}
			}
		}
	})
}
