package device

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestListAndClearTuned(t *testing.T) {
	f := quick(t)
	kept(t)
	if all, err := ListTuned(nil); len(all) > 0 || err != nil {
		t.Errorf("no folder: %v, %v", all, err)
	}
	entry, path := f.store(t)
	stale := entry
	stale.Kernels, stale.Net = "other", "9-9 at 9"
	foreign := entry
	foreign.Device, foreign.Net = []string{"A vendor", "A device"}, "8-8 at 8"
	for _, e := range []Tuned{stale, foreign} {
		if _, err := e.store(); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"note.txt", "broken.json"} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), name), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	nets := func(found *Found) string {
		all, err := ListTuned(found)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range all {
			names = append(names, e.Net)
		}
		return strings.Join(names, ", ")
	}
	if got := nets(&f); got != small.String() {
		t.Errorf("of the device: %s", got)
	}
	if got := strings.Count(nets(nil), " at "); got != 3 {
		t.Errorf("of all: %s", nets(nil))
	}
	if n, err := ClearTuned(&f); n != 2 || err != nil { // the stale one too
		t.Errorf("cleared %d of the device, %v", n, err)
	}
	if got := nets(nil); got != "8-8 at 8" {
		t.Errorf("left: %s", got)
	}
	if n, err := ClearTuned(nil); n != 2 || err != nil { // the broken one too
		t.Errorf("cleared %d, %v", n, err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(path), "note.txt")); err != nil {
		t.Errorf("a file that is not Tune's: %v", err)
	}
}

// fill makes n files that ClearTuned takes for entries, and returns their folder.
func fill(t *testing.T, n int) string {
	t.Helper()
	kept(t)
	dir := tunedFolder()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d%s", i, tunedExt)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// left is the names in a folder, joined.
func left(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// Folders are nobody's entries, empty or not, and all else goes, however much it is.
func TestClearTunedAll(t *testing.T) {
	const many = 10_050
	dir := fill(t, many)
	for _, name := range []string{"00000a.json", "00000b.json/within"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := ClearTuned(nil); n != many || err != nil {
		t.Errorf("cleared %d, %v", n, err)
	}
	if got := left(t, dir); got != "00000a.json 00000b.json" {
		t.Errorf("left: %s", got)
	}
}

// What is gone is removed, and what cannot be removed does not keep the rest.
func TestClearTunedGoesOn(t *testing.T) {
	dir := fill(t, 5)
	defer func() { removeFile = os.Remove }()
	removeFile = func(path string) error {
		switch filepath.Base(path) {
		case "00001.json", "00003.json":
			return &fs.PathError{Op: "remove", Path: path, Err: fs.ErrPermission}
		case "00002.json": // another process is faster
			if err := os.Remove(path); err != nil {
				t.Error(err)
			}
		}
		return os.Remove(path)
	}
	n, err := ClearTuned(nil)
	want := "tuning: 2 cannot be removed, the first: remove " + filepath.Join(dir, "00001.json") + ": permission denied"
	if n != 2 || err == nil || err.Error() != want {
		t.Errorf("cleared %d, %v", n, err)
	}
	if got := left(t, dir); got != "00001.json 00003.json" {
		t.Errorf("left: %s", got)
	}
}
