package device

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/kernels"
)

// EnvTune, switched off, means that engines take the default shapes of kernels and not those
// that Tune has found.
const EnvTune = "CLPROP_TUNE"

const (
	// tunedSchema goes up when an entry, or what its Tuning means, changes.
	tunedSchema = 1
	tunedExt    = ".json"
	tunedTemp   = ".new-"
	// tunedLimit is how many bytes an entry may have.
	tunedLimit = 64 << 10
)

// Tuned is what Tune has found for a device and a workload, as it is kept on disk: the
// file KEY.json in the folder tuning beside the compiled programs, KEY being the SHA-256
// of Schema, Kernels, Device, Units, Family and Bucket. An entry may cost speed, but never
// a result and never an error: what does not fit, or fails the checks of Open, is passed
// over.
type Tuned struct {
	Schema  int            `json:"schema"`
	Kernels string         `json:"kernels"` // SHA-256 of the kernel sources
	Device  []string       `json:"device"`  // names and versions of device, driver, platform
	Units   int            `json:"compute_units"`
	Bucket  string         `json:"bucket"` // the sizes that share the entry
	Net     string         `json:"net"`    // the workload tuned for
	Tuning  kernels.Tuning `json:"tuning"`
	// Speedup is by how much the products of a step became faster, 1 for not at all.
	Speedup float64 `json:"speedup"`

	// Wrong is why Open passes the entry over, nil if it does not: ErrStale, or what has
	// befallen the file. ListTuned sets it, and it is not in the file.
	Wrong error `json:"-"`
}

// ErrStale: an entry is for kernels of another clprop.
var ErrStale = errors.New("for kernels of another clprop")

// newTuned is an entry without a result.
func newTuned(dev *cl.Device, family kernels.Family, w Workload) Tuned {
	return Tuned{
		Schema: tunedSchema, Kernels: kernels.SourceHash(), Device: kernels.Identity(dev), Units: dev.MaxComputeUnits(),
		Bucket: w.bucket(), Net: w.String(), Tuning: kernels.Tuning{Family: family},
	}
}

// name is the name of the entry's file. Every part goes in with its length.
func (t *Tuned) name() string {
	sum := sha256.New()
	parts := append([]string{t.Kernels, string(t.Tuning.Family), t.Bucket}, t.Device...)
	fmt.Fprintf(sum, "clprop tuning %d %d", t.Schema, t.Units)
	for _, part := range parts {
		fmt.Fprintf(sum, " %d %s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil)) + tunedExt
}

// sameKey reports whether two entries are for the same.
func (t *Tuned) sameKey(other *Tuned) bool {
	return t.Schema == other.Schema && t.Kernels == other.Kernels && slices.Equal(t.Device, other.Device) &&
		t.Units == other.Units && t.Bucket == other.Bucket && t.Tuning.Family == other.Tuning.Family
}

// TunedFolder is where what Tune has found lies; "" if nothing is kept.
func TunedFolder() string {
	if dir := kernels.CacheFolder(); dir != "" {
		return filepath.Join(dir, "tuning")
	}
	return ""
}

// parseTuned reads an entry. That its Tuning fits a device is for Check to say.
func parseTuned(text []byte) (*Tuned, error) {
	if len(text) > tunedLimit {
		return nil, fmt.Errorf("more than %d bytes", tunedLimit)
	}
	t, d := &Tuned{}, json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(t); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one object")
	}
	if t.Schema != tunedSchema {
		return nil, fmt.Errorf("schema %d, this clprop has %d", t.Schema, tunedSchema)
	}
	return t, nil
}

// readTuned reads an entry's file.
func readTuned(path string) (*Tuned, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, tunedLimit+1))
	if err != nil {
		return nil, err
	}
	t, err := parseTuned(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// UsesTuned reports whether Open looks for what Tune has kept: neither EnvTune nor
// kernels.EnvCache is off, and there is a folder for it.
func UsesTuned() bool {
	off, _ := kernels.SwitchedOff(EnvTune)
	return !off && TunedFolder() != ""
}

// loadTuned returns the Tuning kept for a device and a workload, if there is one that the
// device can have.
func loadTuned(dev *cl.Device, family kernels.Family, w Workload) (kernels.Tuning, bool) {
	if !UsesTuned() || w.check() != nil {
		return kernels.Tuning{}, false
	}
	want := newTuned(dev, family, w)
	got, err := readTuned(filepath.Join(TunedFolder(), want.name()))
	if err != nil || !got.sameKey(&want) || got.Tuning.Check(dev) != nil {
		return kernels.Tuning{}, false
	}
	return got.Tuning, true
}

// ErrNotKept: there is no place for what Tune has found.
var ErrNotKept = errors.New("not kept")

// store puts an entry in its place, whole or not at all, and returns the path. There is
// no fsync: a file that a crash has torn is no JSON.
func (t *Tuned) store() (string, error) {
	dir := TunedFolder()
	if dir == "" {
		return "", fmt.Errorf("%w: %s is off, or the user has no cache folder: set %s", ErrNotKept, kernels.EnvCache, kernels.EnvCacheDir)
	}
	text, err := json.MarshalIndent(t, "", "  ")
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNotKept, err)
	}
	f, err := os.CreateTemp(dir, tunedTemp+"*")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNotKept, err)
	}
	path := filepath.Join(dir, t.name())
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNotKept, errors.Join(err, os.Remove(f.Name())))
	}
	return path, nil
}
