package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// text writes s in small pieces.
func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		for i := range len(s) {
			if _, err := io.WriteString(w, s[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	}
}

// is checks that a folder holds exactly one file, with this content.
func is(t *testing.T, path, content string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != content {
		t.Errorf("file holds %.100q, %d bytes (%v), want %.100q, %d", got, len(got), err, content, len(content))
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("folder holds %v (%v), want the file alone", entries, err)
	}
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	long := strings.Repeat("weights ", 50_000) // several buffers
	for _, content := range []string{"first", "", long, "last"} {
		if err := WriteFile(path, text(content)); err != nil {
			t.Fatal(err)
		}
		is(t, path, content)
	}
}

// A file of which the disk is told early, several times, is whole.
func TestWriteFilePushed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	want := make([]byte, 2*pushStep+12345)
	for i := range want {
		want[i] = byte(i * i >> 8)
	}
	err := WriteFile(path, func(w io.Writer) error {
		_, err := w.Write(want[:7]) // so that no later piece is at a round place
		for part := range slices.Chunk(want[7:], 1<<20+1) {
			if err == nil {
				_, err = w.Write(part)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	is(t, path, string(want))
}

func TestWriteFileFailingWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	if err := WriteFile(path, text("old")); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("out of ideas")
	for _, written := range []int{0, 1, 1 << 18} {
		err := WriteFile(path, func(w io.Writer) error {
			if _, err := w.Write(make([]byte, written)); err != nil {
				return err
			}
			return cause
		})
		if !errors.Is(err, cause) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("after %d bytes: error %v: want one line with the path and the cause", written, err)
		}
		is(t, path, "old")
	}
}

func TestWriteFileKeepsPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no permission bits")
	}
	path := filepath.Join(t.TempDir(), "model")
	// A new file is like any other new file.
	other, err := os.Create(filepath.Join(t.TempDir(), "other"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := other.Stat()
	if err := errors.Join(err, other.Close(), WriteFile(path, text("new"))); err != nil {
		t.Fatal(err)
	}
	if got, err := os.Stat(path); err != nil || got.Mode() != want.Mode() {
		t.Errorf("new file: %v (%v), want %v", got.Mode(), err, want.Mode())
	}
	if err := errors.Join(os.Chmod(path, 0o640), WriteFile(path, text("again"))); err != nil {
		t.Fatal(err)
	}
	if got, err := os.Stat(path); err != nil || got.Mode() != 0o640 {
		t.Errorf("old file: %v (%v), want -rw-r-----", got.Mode(), err)
	}
}

func TestWriteFileFollowsLink(t *testing.T) {
	path, link := filepath.Join(t.TempDir(), "model"), filepath.Join(t.TempDir(), "latest")
	if err := WriteFile(path, text("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := WriteFile(link, text("new")); err != nil {
		t.Fatal(err)
	}
	is(t, path, "new")
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link became %v (%v)", info.Mode(), err)
	}
}

func TestWriteFileNoPlace(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"no folder":     filepath.Join(folder, "missing", "model"),
		"a folder":      folder,
		"under a file":  filepath.Join(file, "model"),
		"no name":       "",
		"name too long": filepath.Join(folder, strings.Repeat("n", 300)),
	} {
		err := WriteFile(path, func(io.Writer) error {
			t.Errorf("%s: write was called", name)
			return nil
		})
		if err == nil || !strings.Contains(err.Error(), "writing "+path) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	is(t, file, "")
}

func TestWriteFileReadOnlyFolder(t *testing.T) {
	if os.Geteuid() <= 0 {
		t.Skip("needs a user whom permissions stop: this one is root, or on windows")
	}
	path := filepath.Join(t.TempDir(), "model")
	if err := errors.Join(WriteFile(path, text("old")), os.Chmod(filepath.Dir(path), 0o500)); err != nil {
		t.Fatal(err)
	}
	err := WriteFile(path, text("new"))
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v, want one of permission", err)
	}
	is(t, path, "old")
	if err := os.Chmod(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
}

// A full disk shows when the buffer is flushed: /dev/full is one.
func TestFillFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has /dev/full")
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := fill(full, nil, text("x")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v, want no space left", err)
	}
	if err := full.Close(); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile("/dev/full", text("x")); err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("error %v, want a refusal to replace a device", err)
	}
}

// Two writers at once: the file is always one of the two, whole.
func TestWriteFileConcurrent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	a, b := strings.Repeat("a", 100_000), strings.Repeat("b", 100_000)
	done := make(chan error)
	for _, content := range []string{a, b} {
		go func() { done <- WriteFile(path, text(content)) }()
	}
	if err := errors.Join(<-done, <-done); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || (string(got) != a && string(got) != b) {
		t.Errorf("%d bytes (%v), neither the one nor the other", len(got), err)
	}
	is(t, path, string(got))
}

// A folder is held by one at a time, and nothing lies in it for that.
func TestHold(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows cannot lock a folder")
	}
	folder := t.TempDir()
	release, err := Hold(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Hold(folder); !errors.Is(err, ErrHeld) || !strings.Contains(err.Error(), folder) {
		t.Errorf("held twice: error %v", err)
	}
	release()
	again, err := Hold(folder)
	if err != nil {
		t.Fatal(err)
	}
	again()
	if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
	if _, err := Hold(filepath.Join(folder, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func ExampleWriteFile() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "notes")
	err = WriteFile(path, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, "whole or not at all")
		return err
	})
	content, readErr := os.ReadFile(path)
	fmt.Print(err, readErr, " ", string(content))
	// Output: <nil> <nil> whole or not at all
}
