//go:build unix

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What is no file is refused before training, not after it: the model would be lost.
func TestOutThatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe, link, loop := filepath.Join(dir, "pipe"), filepath.Join(dir, "link"), filepath.Join(dir, "loop")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Symlink("/dev/null", link), os.Symlink("loop", loop)); err != nil {
		t.Fatal(err)
	}
	const noFile = "something is there that is not a file"
	for path, want := range map[string]string{"/dev/null": noFile, pipe: noFile, link: noFile, loop: "too many levels of symbolic links"} {
		for _, args := range [][]string{{"train", "--out", path}, {"train", "--profile", path, "--out", filepath.Join(dir, "m.st")}} {
			o := clprop(t, append(args, "--device", "cpuref", "--epochs", "1")...)
			if o.code != exitFailure || !strings.Contains(o.stderr, path+": ") || !strings.Contains(o.stderr, want) || strings.Contains(o.stderr, "epoch") {
				t.Errorf("%v: exit code %d, stderr %q", args, o.code, o.stderr)
			}
		}
	}
	if left := entries(t, dir); len(left) != 3 {
		t.Errorf("left behind: %v", left)
	}
}

// A name as long as names can be is one for a model: its temporary file has a shorter one.
func TestOutWithLongName(t *testing.T) {
	out := filepath.Join(t.TempDir(), strings.Repeat("m", 240))
	o := clprop(t, "train", "--device", "cpuref", "--epochs", "1", "--hidden", "4", "--out", out)
	if o.code != exitOK {
		t.Errorf("exit code %d, stderr %s", o.code, o.stderr)
	}
	if left := entries(t, filepath.Dir(out)); len(left) != 1 {
		t.Errorf("the folder holds %v", left)
	}
}

// Predictions too are refused before they are computed.
func TestPredictOutRefusedBefore(t *testing.T) {
	loop := filepath.Join(t.TempDir(), "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	o := clprop(t, "predict", "--model", "none", "--data", "none", "--out", loop)
	if o.code != exitFailure || !strings.Contains(o.stderr, "--out "+loop+": no file can be made there") {
		t.Errorf("exit code %d, stderr %s", o.code, o.stderr)
	}
}
