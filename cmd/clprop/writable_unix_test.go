//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What is no file is refused before training, not after it: the model would be lost.
func TestOutThatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/null", link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/dev/null", pipe, link} {
		for _, args := range [][]string{{"train", "--out", path}, {"train", "--profile", path, "--out", filepath.Join(dir, "m.st")}} {
			o := clprop(t, append(args, "--device", "cpuref", "--epochs", "1")...)
			if o.code != exitFailure || !strings.Contains(o.stderr, path+": something is there that is not a file") || strings.Contains(o.stderr, "epoch") {
				t.Errorf("%v: exit code %d, stderr %q", args, o.code, o.stderr)
			}
		}
	}
	if left := entries(t, dir); len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
}
