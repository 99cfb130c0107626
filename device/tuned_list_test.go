package device

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/clprop/clprop/kernels"
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
	nets := func(of []Found) string {
		all, err := ListTuned(of)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range all {
			names = append(names, e.Net)
		}
		return strings.Join(names, ", ")
	}
	if got := nets([]Found{f}); got != small.String()+", 9-9 at 9" { // the stale one too
		t.Errorf("of the device: %s", got)
	}
	if got := strings.Count(nets(nil), " at "); got != 3 {
		t.Errorf("of all: %s", nets(nil))
	}
	if got := nets([]Found{}); got != "" {
		t.Errorf("of no device: %s", got)
	}
	if n, err := ClearTuned([]Found{}); n != 0 || err != nil {
		t.Errorf("cleared %d of no device, %v", n, err)
	}
	if n, err := ClearTuned([]Found{f}); n != 2 || err != nil { // the stale one too
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
	dir := TunedFolder()
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

// An entry that Open passes over says why.
func TestListTunedWrong(t *testing.T) {
	f := quick(t)
	kept(t)
	good, path := f.store(t)
	for what, c := range map[string]struct {
		edit func(*Tuned)
		why  string
	}{
		"as it was kept":    {func(*Tuned) {}, ""},
		"impossible tuning": {func(e *Tuned) { e.Tuning.VW = 7 }, "vector width 7"},
		"no tuning":         {func(e *Tuned) { e.Tuning = kernels.Tuning{} }, "the name of its file"},
		"another bucket":    {func(e *Tuned) { e.Bucket = "1-1 at 1" }, "the name of its file"},
		"other units":       {func(e *Tuned) { e.Units++ }, "the name of its file"},
	} {
		e := good
		c.edit(&e)
		text, err := json.Marshal(e)
		if err == nil {
			err = os.WriteFile(path, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		all, err := ListTuned(nil)
		if err != nil || len(all) != 1 {
			t.Fatalf("%s: %+v, %v", what, all, err)
		}
		if wrong := all[0].Wrong; (wrong == nil) != (c.why == "") || wrong != nil && !strings.Contains(wrong.Error(), c.why) {
			t.Errorf("%s: %v, want %q", what, wrong, c.why)
		}
	}
	stale := good
	stale.Kernels = "other"
	if err := stale.check(stale.name(), nil); !errors.Is(err, ErrStale) {
		t.Errorf("other kernels: %v", err)
	}
	away := good
	away.Device, away.Tuning.VW = []string{"A vendor", "A device"}, 7
	if err := away.check(away.name(), []Found{f}); !errors.Is(err, kernels.ErrTuning) {
		t.Errorf("not here: %v", err)
	}
	away.Tuning = kernels.TileTuning(f.device)
	if err := away.check(away.name(), nil); err != nil {
		t.Errorf("tiles that some device may have room for: %v", err)
	}
}

// What is tuned for a part of a device is not the whole device's.
func TestTunedOfParts(t *testing.T) {
	f := quick(t)
	if f.Units < 2 {
		t.Skip("a device of one compute unit has no smaller part")
	}
	kept(t)
	part := newTuned(f.device, f.Kernels, small)
	part.Units, part.Tuning = 1, f.other()
	if _, err := part.store(); err != nil {
		t.Fatal(err)
	}
	listing, err := List()
	if err != nil {
		t.Fatal(err)
	}
	for spec, want := range map[string]int{"%d": 0, "%d/1": 1, "cpuref,%d/1+1": 1, "%d/2": 0, "cpuref": 0} {
		spec = strings.ReplaceAll(spec, "%d", strconv.Itoa(f.Index))
		members, err := listing.Members(spec)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := ListTuned(members); len(all) != want || err != nil || want == 1 && all[0].Wrong != nil {
			t.Errorf("%s: %+v, %v, want %d", spec, all, err, want)
		}
	}
}
