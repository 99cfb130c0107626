package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// immutable does to a file what chattr +i does, or -i.
func immutable(path string, on bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	flags, err := unix.IoctlGetInt(int(file.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		return err
	}
	const bit = 0x10 // FS_IMMUTABLE_FL of linux/fs.h
	if flags &^= bit; on {
		flags |= bit
	}
	return unix.IoctlSetPointerInt(int(file.Fd()), unix.FS_IOC_SETFLAGS, flags)
}

// A file that cannot be replaced is refused before training. One that becomes so meanwhile costs
// neither the model, which stays under another name, nor the result.
func TestModelThatCannotBeRenamed(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.safetensors")
	if err := os.WriteFile(out, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := immutable(out, true); err != nil {
		t.Skip("no chattr +i here:", err)
	}
	t.Cleanup(func() { _ = immutable(out, false) }) // else not even root could remove it
	refused := clprop(t, "train", "--device", "cpuref", "--out", out)
	if err := immutable(out, false); err != nil {
		t.Fatal(err)
	}
	if refused.code != exitFailure || !strings.Contains(refused.stderr, "--out "+out+": the file that is there cannot be replaced: ") || strings.Contains(refused.stderr, "epoch") {
		t.Errorf("exit code %d, stderr %s", refused.code, refused.stderr)
	}

	o, r := trainMeanwhile(t, func() error { return immutable(out, true) }, "--device", "cpuref", "--out", out)
	kept, err := filepath.Glob(out + ".clprop-*")
	if err := errors.Join(err, immutable(out, false)); err != nil {
		t.Fatal(err)
	}
	if o.code != exitFailure || len(kept) != 1 || r.Model != "" || !strings.Contains(o.stderr, " stays as "+kept[0]+": ") || fileBytes(t, out, "") != "old" {
		t.Fatalf("exit code %d, kept %q, model %q, stderr %s", o.code, kept, r.Model, o.stderr)
	}
	clprop(t, "evaluate", "--device", "cpuref", "--model", kept[0]).succeeded(t)
}
