package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A second signal ends the process at once, though it is in the middle of saving: here
// fsync takes a minute.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	needStrace(t)
	cmd := process(t, nil, "train", "--device", "cpuref", "--epochs", "5000", "--progress", "plain")
	args := []string{"-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=60000000", cmd.Path}
	under := exec.Command("strace", append(args, cmd.Args[1:]...)...) // -D: the process is clprop, and strace is its child
	under.Env, under.Dir = cmd.Env, t.TempDir()
	send := func() {
		if err := under.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
	}
	stderr := &trigger{text: "\nepoch ", act: send}
	under.Stderr = stderr
	if err := under.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // the second one, when saving has begun
		for range 3000 {
			if saving, _ := filepath.Glob(filepath.Join(under.Dir, defaultModel+".clprop-*.tmp")); len(saving) > 0 {
				send()
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		_ = under.Process.Kill()
	}()
	err := under.Wait()
	if status := under.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("%v, not ended by the signal; stderr %q", err, stderr.String())
	}
	if _, err := os.Stat(filepath.Join(under.Dir, defaultModel)); err == nil {
		t.Error("a model was saved")
	}
}

// Where standard output is full, a command fails and says so: what was asked for is not
// there, or not whole.
func TestFullStandardOutput(t *testing.T) {
	m := model(t, "--data", write(t, "flowers.csv", flowers(30)), "--epochs", "1")
	data := write(t, "more.csv", "length,width\n1,2\n3,4\n")
	for _, args := range [][]string{
		{"predict", "--device", "cpuref", "--model", m, "--data", data}, {"evaluate", "--device", "cpuref", "--model", m, "--data", write(t, "f.csv", flowers(30))},
		{"devices"}, {"version"}, {"inspect", data}, {"--help"}, {"train", "--help"},
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		code := run(t.Context(), args, nil, full, &stderr)
		if code != exitFailure || !strings.Contains(stderr.String(), "no space left on device") {
			t.Errorf("%v: exit code %d, stderr %q", args, code, stderr.String())
		}
		if err := full.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
