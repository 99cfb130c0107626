package device

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/kernels"
)

// quick is the first device of the machine that is no simulator.
func quick(t *testing.T) Found {
	t.Helper()
	listing, err := List()
	if err != nil {
		cltest.Missing(t, err)
	}
	i := slices.IndexFunc(listing.Devices, func(f Found) bool { return !cltest.Slow(f.Name) })
	if i < 0 {
		cltest.Missing(t, errors.New("only simulated devices"))
	}
	return listing.Devices[i]
}

// kept gives a test a folder of its own for what Tune finds.
func kept(t *testing.T) {
	t.Setenv(kernels.EnvCache, "")
	t.Setenv(kernels.EnvCacheDir, t.TempDir())
	t.Setenv(EnvTune, "")
}

var small = Workload{Sizes: []int{20, 33, 5}, Batch: 17}

// other is a Tuning unlike the default, as Tune might find it.
func (f Found) other() kernels.Tuning {
	t := f.defaultTuning("")
	if t.Family == kernels.Tile {
		t.Tiles = t.Tiles[len(t.Tiles)-1:]
	} else {
		t.MRs, t.NV = []int{2}, 1
	}
	return t
}

// store keeps the other Tuning for the small workload.
func (f Found) store(t *testing.T) (entry Tuned, path string) {
	t.Helper()
	entry = newTuned(f.device, f.Kernels, small)
	entry.Tuning, entry.Speedup = f.other(), 1.5
	path, err := entry.store()
	if err != nil {
		t.Fatal(err)
	}
	return entry, path
}

// origin is where an engine for the small workload has its Tuning from. It must open,
// and be right, whatever is on disk.
func (f Found) origin(t *testing.T) string {
	t.Helper()
	e, err := OpenWith(strconv.Itoa(f.Index), Options{Workload: small})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	own := e.(*opencl)
	want := map[string]kernels.Tuning{TuningDefault: f.defaultTuning(""), TuningTuned: f.other()}[e.Info().Tuning]
	if own.set.Tuning.String() != want.String() || e.Info().Kernels != want.String() {
		t.Errorf("%s: %v, named %s, want %v", e.Info().Tuning, own.set.Tuning, e.Info().Kernels, want)
	}
	if n := e.Counters().Launches; n != 1 { // that of openDevice
		t.Errorf("%s: %d launches before the first plan", e.Info().Tuning, n)
	}
	return e.Info().Tuning
}

// An engine takes what is kept for its workload, and nothing else; and whatever befalls
// an entry, it opens with the default.
func TestOpenTuned(t *testing.T) {
	f := quick(t)
	kept(t)
	if got := f.origin(t); got != TuningDefault {
		t.Errorf("nothing kept: %s", got)
	}
	entry, path := f.store(t)
	if got := f.origin(t); got != TuningTuned {
		t.Fatalf("kept: %s", got)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	change := func(edit func(*Tuned)) func([]byte) []byte {
		return func([]byte) []byte {
			e := entry
			edit(&e)
			text, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
	}
	for what, spoil := range map[string]func([]byte) []byte{
		"empty":             func([]byte) []byte { return nil },
		"cut":               func(b []byte) []byte { return b[:len(b)/2] },
		"longer":            func(b []byte) []byte { return append(b, '{') },
		"nonsense":          func(b []byte) []byte { return bytes.Repeat([]byte("\x00["), len(b)) },
		"huge":              func(b []byte) []byte { return append(bytes.Repeat([]byte(" "), tunedLimit), b...) },
		"unknown field":     func(b []byte) []byte { return bytes.Replace(b, []byte(`"net"`), []byte(`"nets"`), 1) },
		"another schema":    change(func(e *Tuned) { e.Schema++ }),
		"other kernels":     change(func(e *Tuned) { e.Kernels = "0" + e.Kernels[1:] }),
		"another driver":    change(func(e *Tuned) { e.Device = append(slices.Clone(e.Device[:3]), "0") }),
		"another device":    change(func(e *Tuned) { e.Units++ }),
		"another bucket":    change(func(e *Tuned) { e.Bucket = "1-1 at 1" }),
		"another family":    change(func(e *Tuned) { e.Tuning = kernels.TileTuning(f.device) }),
		"impossible tuning": change(func(e *Tuned) { e.Tuning.VW = 7 }),
		"no tuning":         change(func(e *Tuned) { e.Tuning = kernels.Tuning{Family: e.Tuning.Family} }),
	} {
		if what == "another family" && f.Kernels == kernels.Tile {
			continue
		}
		if err := os.WriteFile(path, spoil(bytes.Clone(good)), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := f.origin(t); got != TuningDefault {
			t.Errorf("%s: %s", what, got)
		}
	}
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	if got := f.origin(t); got != TuningDefault {
		t.Errorf("a folder: %s", got)
	}
}

// What is kept is not taken where a variable says so, where kernels that it names give
// wrong results, or where Options name others.
func TestOpenTunedNot(t *testing.T) {
	f := quick(t)
	kept(t)
	f.store(t)
	trusted = func(e *opencl, _ Workload) error { return errWrong }
	got := f.origin(t)
	trusted = (*opencl).trust
	if got != TuningDefault {
		t.Errorf("wrong results: %s", got)
	}
	trusted = func(e *opencl, _ Workload) error { return e.fail(errors.New("the device is gone")) }
	got = f.origin(t)
	trusted = (*opencl).trust
	if got != TuningDefault {
		t.Errorf("no results: %s", got)
	}
	t.Run(EnvTune, func(t *testing.T) {
		t.Setenv(EnvTune, "off")
		if got := f.origin(t); got != TuningDefault {
			t.Errorf("%s=off: %s", EnvTune, got)
		}
	})
	t.Run(kernels.EnvCache, func(t *testing.T) {
		t.Setenv(kernels.EnvCache, "off")
		if got := f.origin(t); got != TuningDefault {
			t.Errorf("%s=off: %s", kernels.EnvCache, got)
		}
	})
	given := f.defaultTuning("")
	given.RowsPerItem++
	e, err := OpenWith(strconv.Itoa(f.Index), Options{Workload: small, Tuning: &given})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.Info().Tuning != TuningGiven || e.(*opencl).set.Tuning.RowsPerItem != given.RowsPerItem {
		t.Errorf("given: %+v", e.Info())
	}
	given.VW = 5
	if _, err := OpenWith(strconv.Itoa(f.Index), Options{Tuning: &given}); !errors.Is(err, kernels.ErrTuning) {
		t.Errorf("impossible: %v", err)
	}
}

// Whatever a file holds, to read it is safe, and what it is taken for can be written and
// read again.
func FuzzParseTuned(f *testing.F) {
	f.Add([]byte(`{"schema":1,"kernels":"ab","device":["v","d"],"compute_units":2,"bucket":"4-4 at 1","net":"3-3 at 1",` +
		`"tuning":{"family":"block","vw":8,"mrs":[6,4],"nv":2,"rows_per_item":16,"chunk":128},"speedup":1.5}`))
	f.Add([]byte(`{"schema":1,"tuning":{"family":"tile","vw":4,"tiles":[{"tm":4,"tn":4,"tk":8,"wm":2,"wn":2}],"rows_per_item":1,"chunk":1}}`))
	f.Add([]byte(`{"schema":1}{`))
	f.Add([]byte(`{"schema":1e99,"tuning":{"tiles":[[]]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := parseTuned(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) > tunedLimit {
			return // of control characters, which JSON writes longer than it reads them
		}
		same, err := parseTuned(again)
		if err != nil || !same.sameKey(got) || same.name() != got.name() || same.Tuning.String() != got.Tuning.String() {
			t.Errorf("%+v, written and read %+v, %v", got, same, err)
		}
	})
}
