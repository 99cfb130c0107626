package trainer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
)

// wholeRun is a training from finding a device to closing it: two steps, streamed,
// with validation and a checkpoint. It stays for some time before it closes.
func wholeRun(t *testing.T, folder string, stays time.Duration) error {
	eng, err := device.Open("cpu")
	if err != nil {
		return err
	}
	closed := false
	defer func() {
		if !closed {
			_ = eng.Close()
		}
	}()
	net, err := NewNetwork(NetworkConfig{Sizes: []int{3, 4, 2}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := New(net, eng)
	if err != nil {
		return err
	}
	defer tr.Close()
	_, err = tr.Fit(context.Background(), randomSet(1, 10, 3, 2), randomSet(2, 4, 3, 2), Config{
		Epochs: 1, BatchSize: 5, Resident: ResidentNo, Optimizer: Optimizer{Name: "adam"},
		Checkpoints: &Checkpoints{Folder: folder},
	})
	if err != nil {
		return err
	}
	tr.Close()
	time.Sleep(stays)
	closed = true
	return eng.Close()
}

// tolerated are functions whose failure need not keep training from its right end:
// releases, which nobody can try again, and what describes or finds one device of
// several. If there is an error, it may be about what follows from it.
var tolerated = map[string]bool{
	"clReleaseDevice": true, "clReleaseContext": true, "clReleaseCommandQueue": true, "clReleaseMemObject": true,
	"clReleaseProgram": true, "clReleaseKernel": true, "clReleaseEvent": true,
	"clGetPlatformInfo": true, "clGetDeviceInfo": true, "clGetDeviceIDs": true, "clGetEventInfo": true,
}

// cached are functions that a program from the cache needs: it is compiled instead.
var cached = map[string]bool{"clCreateProgramWithBinary": true, "clBuildProgram": true, "clCreateKernel": true}

// Whatever call of OpenCL fails while a network trains, there is an error that names
// it, and nothing is left behind: the objects that the driver made are those that
// were given back. Twenty calls of every function, and all those that compile.
func TestEveryFailingCall(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		folder := t.TempDir()
		t.Setenv("CLPROP_CACHE", "off")
		failEach(t, d, nil, "clCreateProgramWithSource", "clBuildProgram")
		t.Setenv("CLPROP_CACHE", "on")
		t.Setenv("CLPROP_CACHE_DIR", folder)
		failEach(t, d, cached, d.Functions()...)
	})
}

// failEach trains once for each of the first calls of some functions, and lets that
// call fail.
func failEach(t *testing.T, d *cltest.Double, spared map[string]bool, functions ...string) {
	// The first runs fill the cache of programs, as far as their time for it goes: a fourth of what they take, and
	// nothing where that is short (storeLeast in kernels/cache.go).
	stays, compiled := time.Duration(0), 0
	if spared != nil {
		stays = 2 * time.Second
	}
	for run := 0; run == 0 || (run < 9 && spared != nil && compiled > 0); run++ {
		d.Reset()
		if err := wholeRun(t, t.TempDir(), stays); err != nil {
			t.Fatal(err)
		}
		nothingLive(t, d, "a run without a failure")
		compiled = d.Calls("clCreateProgramWithSource")
	}
	if spared != nil && compiled > 0 {
		t.Fatalf("%d programs are not cached", compiled)
	}
	calls := map[string]int{}
	for _, f := range functions {
		calls[f] = d.Calls(f)
	}
	for _, f := range functions {
		for n := 1; n <= min(20, calls[f]); n++ {
			what := fmt.Sprintf("%s, call %d of %d", f, n, calls[f])
			d.Fail(f, n, -5)
			err := wholeRun(t, t.TempDir(), 0)
			switch {
			case d.Calls(f) < n && !tolerated[f]: // how often is asked for states of transfers depends on time
				t.Errorf("%s: was not called", what)
			case err == nil && !tolerated[f] && !spared[f]:
				t.Errorf("%s: no error", what)
			case err != nil && !tolerated[f] && !strings.Contains(err.Error(), f+": CL_OUT_OF_RESOURCES (-5)"):
				t.Errorf("%s: error %q", what, err)
			case err != nil && strings.Contains(err.Error(), "\n"):
				t.Errorf("%s: an error of several lines: %q", what, err)
			}
			nothingLive(t, d, what)
		}
	}
}

func nothingLive(t *testing.T, d *cltest.Double, what string) {
	t.Helper()
	if ours, drivers := cl.LiveObjects(), d.Live(); len(ours)+len(drivers) > 0 {
		t.Fatalf("%s: left %v, of the driver's %v", what, ours, drivers)
	}
}

// A device that fails, or does not answer, in the middle of an epoch ends training
// with an error that says so; the network has the weights of the epoch before, and
// the newest checkpoint goes on from its end.
func TestDeviceLostInTraining(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		t.Setenv("CLPROP_CACHE", "off")
		for _, hang := range []bool{false, true} {
			eng, err := device.OpenWith("cpu", device.Options{WaitTimeout: 2 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			net := newNetwork(t, NetworkConfig{Sizes: []int{3, 4, 2}, Seed: 1})
			tr, err := New(net, eng)
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			var kept []Layer
			history, err := tr.Fit(context.Background(), randomSet(1, 100, 3, 2), nil, Config{
				Epochs: 9, BatchSize: 5, Checkpoints: &Checkpoints{Folder: folder},
				OnEpoch: func(e Epoch) {
					if e.Epoch != 2 {
						return
					}
					kept = newLayers(net)
					for l, layer := range net.Layers {
						copy(kept[l].W, layer.W)
						copy(kept[l].B, layer.B)
					}
					if hang {
						d.Hang("clEnqueueReadBuffer", 1) // a look at the sums: the checkpoint reads nothing again
					} else {
						d.Fail("clEnqueueNDRangeKernel", 20, -36)
					}
				},
			})
			if !errors.Is(err, device.ErrLost) || !strings.Contains(err.Error(), "epoch 3") || len(history.Epochs) != 2 {
				t.Fatalf("hang %v: %d epochs, error %v", hang, len(history.Epochs), err)
			}
			if hang && !strings.Contains(err.Error(), "queued are the kernels backprop, ") {
				t.Errorf("error %q does not name kernels", err)
			}
			if distance(net.Layers, newOracle(&Network{Sizes: net.Sizes, Layers: kept}).theta) != 0 {
				t.Error("the network has other weights than those of epoch 2")
			}
			tr.Close()
			if err := eng.Close(); err != nil {
				t.Error(err)
			}
			d.Reset()
			s, _, notes, err := Recover(folder)
			if err != nil || s.Position() != "end of epoch 2" || len(notes) > 0 {
				t.Errorf("recovered %v, %v, %v", s, notes, err)
			}
		}
	})
}

// A launch that a driver loses is found where it happened, by the name of the
// operation, also where kernels of several operations are one.
func TestVerifyFindsLostLaunches(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		t.Setenv("CLPROP_CACHE", "off")
		for _, c := range []struct {
			kernel  string
			unfused bool
			text    string
		}{
			{"forward", true, "forward, layer 1"},
			{"hiddendelta", true, "hidden delta, layer 2"},
			{"sgd", true, "accumulate, gradient and update, layer "},
			{"gather", true, "gather, inputs"},
			{"backprop", false, "gather, inputs"},
			{"rowcost", true, "cost"},
		} {
			eng, err := device.OpenWith("cpu", device.Options{Unfused: c.unfused})
			if err != nil {
				t.Fatal(err)
			}
			config := func(config *Config) {
				config.OnEpoch = func(Epoch) { d.Skip(c.kernel, 1) }
				config.Resident = ResidentYes
			}
			err = verifying(t, eng, NetworkConfig{Sizes: []int{6, 8, 3}, Seed: 1}, config)
			d.Reset()
			if !errors.Is(err, ErrDisagree) || !strings.Contains(err.Error(), "epoch 2, step 1: ") || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s: %v", c.kernel, err)
			}
			if err := eng.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
