package durable

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file that is whole and cannot have its name is not thrown away, and the error says where it is.
func TestWriteFileKeepsWhatCannotBeRenamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	err := WriteFile(path, func(w io.Writer) error {
		_, err := io.WriteString(w, "weights")
		return errors.Join(err, os.Mkdir(path, 0o777)) // in the way, once it is too late
	})
	kept, globbing := filepath.Glob(path + ".clprop-*")
	if globbing != nil || len(kept) != 1 || strings.HasSuffix(kept[0], ".tmp") {
		t.Fatalf("kept as %q (%v), want one file that Sweep leaves alone", kept, globbing)
	}
	if err == nil || !strings.Contains(err.Error(), "writing "+path) || strings.Count(err.Error(), kept[0]) != 1 || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line that names the file and %s", err, kept[0])
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	is(t, kept[0], "weights")
}

// Somebody has removed the temporary file: nothing is kept, and nothing is said to be.
func TestWriteFileRemovedMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	err := WriteFile(path, func(io.Writer) error { return os.RemoveAll(filepath.Dir(path)) })
	if err == nil || strings.Contains(err.Error(), "stays as") {
		t.Errorf("error %v", err)
	}
}

// A name as long as the file system allows is good, in letters of two bytes too.
func TestWriteFileLongName(t *testing.T) {
	for _, name := range []string{strings.Repeat("n", 240), strings.Repeat("n", 255), "n" + strings.Repeat("é", 120)} {
		path := filepath.Join(t.TempDir(), name)
		if err := errors.Join(Check(path), WriteFile(path, text("x"))); err != nil {
			t.Fatal(err)
		}
		is(t, path, "x")
	}
}

// What WriteFile would refuse, Check refuses; what it would not, Check lets pass. Neither leaves
// anything.
func TestCheck(t *testing.T) {
	folder := t.TempDir()
	file, loop, link := filepath.Join(folder, "file"), filepath.Join(folder, "loop"), filepath.Join(folder, "link")
	if err := errors.Join(os.WriteFile(file, []byte("old"), 0o600), os.Symlink("loop", loop), os.Symlink(file, link)); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	for path, want := range map[string]string{
		file:                                 "",
		link:                                 "",
		filepath.Join(folder, "new"):         "",
		loop:                                 "no file can be made there: ",
		folder:                               "a directory is there: name a file",
		filepath.Join(folder, "no", "model"): "no file can be made there: ",
		filepath.Join(file, "model"):         "no file can be made there: ",
		filepath.Join(folder, strings.Repeat("n", 300)): "no file can be made there: ",
	} {
		err := Check(path)
		if (err == nil) != (want == "") || err != nil && (!strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), folder)) {
			t.Errorf("%s: error %v, want %q and no name", path, err, want)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 3 {
		t.Errorf("folder holds %v (%v)", entries, err)
	}
	if content, err := os.ReadFile(file); err != nil || string(content) != "old" {
		t.Errorf("the file holds %q (%v)", content, err)
	}
}
