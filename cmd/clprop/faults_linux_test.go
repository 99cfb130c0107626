package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
)

// A device that is lost in the middle ends the command with code 1, a line that says
// so and one that says what is kept: the model as of the last epoch, or a run that
// goes on.
func TestLostDeviceKeepsWhatItCan(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		t.Chdir(t.TempDir())
		args := []string{"train", "--device", "cpu", "--hidden", "8", "--epochs", "3", "--progress", "plain"}
		lose := func(more ...string) string {
			t.Helper()
			stderr := &trigger{text: "epoch 2/3 ", act: func() { d.Fail("clEnqueueNDRangeKernel", 60, -36) }}
			code := run(t.Context(), append(args, more...), nil, stderr, stderr)
			d.Reset()
			if text := stderr.String(); code != exitFailure || !strings.HasSuffix(text, "CL_INVALID_COMMAND_QUEUE (-36): kernel "+lastWord(text)+"\n") ||
				!strings.Contains(text, "clprop: fit: epoch 3, step ") || !strings.Contains(text, ": device lost: ") {
				t.Errorf("exit code %d, stderr %q", code, text)
			}
			return stderr.String()
		}
		if text := lose("--out", "m.st"); !strings.Contains(text, "the device gave up: the model as of epoch 2 is saved to m.st\n") {
			t.Errorf("stderr %q", text)
		}
		clprop(t, "evaluate", "--model", "m.st", "--device", "cpuref").succeeded(t)
		if text := lose("--run", "run"); !strings.Contains(text, "the device gave up: what was saved is whole: go on with clprop train --resume run\n") {
			t.Errorf("stderr %q", text)
		}
		o := clprop(t, "train", "--resume", "run").succeeded(t)
		if !strings.Contains(o.stderr, "end of epoch 2") {
			t.Errorf("stderr %q", o.stderr)
		}
	})
}

func lastWord(text string) string {
	fields := strings.Fields(text)
	return fields[len(fields)-1]
}

// A device that does not answer when it is opened is one that does not work.
func TestDeviceThatHangsAtOnce(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		t.Chdir(t.TempDir())
		os.Setenv(device.EnvWaitTimeout, "200ms")
		d.Hang("clFinish", 1)
		defer d.Reset()
		o := clprop(t, "train", "--device", "cpu", "--quiet")
		if o.code != exitFailure || !strings.Contains(o.stderr, "device lost: no answer to sync for 200ms") || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("%+v", o)
		}
		o = clprop(t, "train", "--quiet", "--epochs", "1")
		if o.code != exitOK || !strings.Contains(o.stderr, "device lost: no answer") {
			t.Errorf("auto does not fall back: %+v", o)
		}
	})
}

// A cache that is no folder, or one that may not be looked into, costs time and nothing else:
// not even a warning. Who runs the tests as root may look into every folder, so that the
// program runs without the capabilities for it.
func TestCacheThatCannotBeUsed(t *testing.T) {
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0); err != nil {
		t.Fatal(err)
	}
	args := []string{"train", "--device", "cpu", "--hidden", "8", "--epochs", "1", "--quiet", "--out", filepath.Join(t.TempDir(), "m")}
	for _, dir := range []string{write(t, "file", ""), closed} {
		cmd := exec.Command(os.Args[0], args...)
		if os.Geteuid() == 0 {
			cmd = exec.Command("setpriv", append([]string{"--bounding-set=-dac_override,-dac_read_search", os.Args[0]}, args...)...)
		}
		cmd.Env = append(os.Environ(), envMain+"=1", "CLPROP_CACHE=on", "CLPROP_CACHE_DIR="+dir)
		if text, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(text), "warning") {
			t.Errorf("%s: %v\n%s", dir, err, text)
		}
	}
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	if left := entries(t, closed); len(left) > 0 {
		t.Errorf("it was written to: %v", left)
	}
}
