package device

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cl/cltest"
)

// bench is an engine with something to wait for: a plan of one product, streamed to.
type bench struct {
	Engine
	in, out Matrix
	plan    Plan
}

func newBench(t *testing.T, limit time.Duration) *bench {
	t.Helper()
	eng, err := OpenWith("cpu", Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Engine: eng}
	theta, err := eng.NewParameters([]Shape{{In: 3, Out: 2}})
	if err == nil {
		b.in, err = eng.NewMatrix(4, 3)
	}
	if err == nil {
		b.out, err = eng.NewMatrix(4, 2)
	}
	if err == nil {
		b.plan, err = eng.Prepare(Forward{Act: Linear, A: b.in, Theta: theta, Out: b.out})
	}
	if err == nil {
		err = eng.Sync()
	}
	if err != nil {
		t.Fatal(err)
	}
	eng.(*opencl).patience = limit // only now: a busy machine may take longer for what is above
	return b
}

// A device that does not answer is given up in time, whatever the host waits for:
// the error names the device, what was asked, and the kernels in question. After
// that everything returns at once.
func TestDeviceThatDoesNotAnswer(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		values := make([]float32, 12)
		for _, c := range []struct {
			function, doing string
			wait            func(b *bench) error
		}{
			{"clFinish", "sync", func(b *bench) error { return b.Sync() }},
			{"clFinish", "close", func(b *bench) error { return b.Close() }},
			{"clEnqueueReadBuffer", "read", func(b *bench) error { return b.Read(values[:8], b.out, 0) }},
			{"clEnqueueWriteBuffer", "write", func(b *bench) error { return b.Write(b.in, 0, values) }},
		} {
			t.Run(c.doing, func(t *testing.T) {
				const limit = 100 * time.Millisecond
				b := newBench(t, limit)
				if err := b.plan.Run(); err != nil {
					t.Fatal(err)
				}
				d.Hang(c.function, 1)
				defer d.Reset()
				err := c.wait(b)
				var lost *LostError
				if !errors.As(err, &lost) || !errors.Is(err, ErrLost) {
					t.Fatalf("error %v", err)
				}
				if lost.Doing != c.doing || lost.After != limit || lost.Device != b.Info().Name || !slices.Equal(lost.Kernels, []string{"forward"}) {
					t.Errorf("%+v", lost)
				}
				for _, text := range []string{b.Info().Name, "no answer to " + c.doing + " for 100ms", "kernels forward:", EnvWaitTimeout} {
					if !strings.Contains(err.Error(), text) {
						t.Errorf("error %q without %q", err, text)
					}
				}
				if again := b.plan.Run(); !errors.Is(again, ErrLost) && !errors.Is(again, ErrClosed) {
					t.Errorf("run after it: %v", again)
				}
				b.plan.Release()
				b.in.Release()
				if err := b.Close(); err != nil {
					t.Errorf("close after it: %v", err)
				}
			})
		}
	})
}

// A process that was stopped for longer than it would wait, as by Ctrl-Z, goes on waiting:
// the device may have been stopped with it.
func TestTimeIsNotCountedWhileStopped(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		b := newBench(t, 2*time.Second)
		defer b.Close()
		if err := b.plan.Run(); err != nil {
			t.Fatal(err)
		}
		d.Hang("clEnqueueReadBuffer", 1)
		stopped := make(chan error)
		go func() {
			err := exec.Command("sh", "-c", `kill -STOP "$PPID"; sleep 3; kill -CONT "$PPID"`).Run()
			d.Reset() // the device answers
			stopped <- err
		}()
		err := b.Read(make([]float32, 8), b.out, 0)
		if failed := <-stopped; failed != nil {
			t.Fatal(failed)
		}
		if err != nil {
			t.Errorf("error %v", err)
		}
	})
}

// An upload that does not end is met by the next one into the same memory.
func TestUploadThatDoesNotEnd(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		b := newBench(t, 100*time.Millisecond)
		values := make([]float32, 12)
		if _, err := b.Upload(b.in, values); err != nil {
			t.Fatal(err)
		}
		d.Fail("clGetEventInfo", 1, -5) // else it is seen to have ended
		_, err := b.Upload(b.in, values)
		if err != nil {
			t.Fatal(err)
		}
		d.Hang("clWaitForEvents", 1)
		defer d.Reset()
		own := b.in.(*openclMatrix)
		user, err := b.Engine.(*opencl).context.CreateUserEvent()
		if err != nil {
			t.Fatal(err)
		}
		own.arrival.Release()
		own.arrival = user // which nobody ends
		_, err = b.Upload(b.in, values)
		var lost *LostError
		if !errors.As(err, &lost) || lost.Doing != "upload" {
			t.Fatalf("error %v", err)
		}
	})
}

// What a driver reports as failed is a lost device, with the driver's own status;
// that it finds out late about memory is not.
func TestLostDevice(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		for _, c := range []struct {
			function string
			status   int
			is       error
		}{
			{"clEnqueueNDRangeKernel", -5, cl.ErrOutOfResources},
			{"clEnqueueNDRangeKernel", -36, cl.ErrInvalidCommandQueue},
			{"clFinish", -14, cl.ErrExecStatusErrorForEventsInWaitList},
		} {
			b := newBench(t, 0)
			d.Fail(c.function, 1, c.status)
			err := errors.Join(b.plan.Run(), b.Sync())
			d.Reset()
			if !errors.Is(err, ErrLost) || !errors.Is(err, c.is) || !strings.Contains(err.Error(), b.Info().Name) || !strings.Contains(err.Error(), c.function) {
				t.Errorf("%s fails with %d: error %v", c.function, c.status, err)
			}
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}
		b := newBench(t, 0)
		d.Fail("clEnqueueNDRangeKernel", 1, -4)
		var memory *MemoryError
		if err := b.plan.Run(); !errors.As(err, &memory) || errors.Is(err, ErrLost) {
			t.Errorf("no memory at a launch: %v", err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitTimeout(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
		ok   bool
	}{
		{"", defaultPatience, true},
		{"90s", 90 * time.Second, true},
		{"0s", 0, true},
		{"soon", 0, false},
		{"-1s", 0, false},
	} {
		t.Setenv(EnvWaitTimeout, c.text)
		got, err := patience()
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%q: %v, %v", c.text, got, err)
		}
	}
}
