package main

import (
	"os"
	"os/exec"
	"path/filepath"
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
