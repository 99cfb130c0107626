package device

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/kernels"
)

// ListTuned returns the entries kept that this clprop can read, by device, units and net;
// also those that Open passes over, with Wrong. They are those of some devices, or, if of is
// nil, all. Files that are no entries are passed over.
func ListTuned(of []Found) ([]Tuned, error) {
	here := of
	if of == nil {
		listing, _ := List() // a device that cannot be seen is not here
		here = listing.Devices
	}
	var all []Tuned
	err := eachTuned(func(path string) {
		t, err := readTuned(path)
		if err == nil && filepath.Ext(path) == tunedExt && (of == nil || t.ofOne(of)) {
			t.Wrong = t.check(filepath.Base(path), here)
			all = append(all, *t)
		}
	})
	slices.SortFunc(all, func(a, b Tuned) int {
		return cmp.Or(slices.Compare(a.Device, b.Device), cmp.Compare(a.Units, b.Units), strings.Compare(a.Net, b.Net))
	})
	return all, err
}

// check says why Open would pass over an entry in a file of that name. Whether its Tuning
// fits its device can be told if that is one of those here; else whether any could have it.
func (t *Tuned) check(name string, here []Found) error {
	if name != t.name() {
		return errors.New("the name of its file is that of another entry")
	}
	if t.Kernels != kernels.SourceHash() {
		return ErrStale
	}
	var dev *cl.Device
	for _, f := range here {
		if slices.Equal(t.Device, kernels.Identity(f.device)) {
			dev = f.device
		}
	}
	return t.Tuning.Check(dev)
}

// ofOne reports whether an entry is one for one of the devices and its driver.
func (t *Tuned) ofOne(devices []Found) bool {
	return slices.ContainsFunc(devices, func(f Found) bool {
		return t.Units == f.Units && slices.Equal(t.Device, kernels.Identity(f.device))
	})
}

// removeFile is os.Remove, but for tests.
var removeFile = os.Remove

// ClearTuned removes the entries of some devices, for other kernels too, or, if of is nil,
// all, whatever wrote them, and returns how many. It goes on where one cannot be removed; one that is
// gone, such as by another ClearTuned at the same time, is no error.
func ClearTuned(of []Found) (int, error) {
	removed := 0
	var stay []error
	err := eachTuned(func(path string) {
		if of != nil {
			if t, err := readTuned(path); err != nil || !t.ofOne(of) {
				return
			}
		}
		switch err := removeFile(path); {
		case err == nil:
			removed++
		case !errors.Is(err, fs.ErrNotExist):
			stay = append(stay, err)
		}
	})
	if len(stay) > 0 { // the folder's fault most likely, and so the same for all
		err = errors.Join(err, fmt.Errorf("tuning: %d cannot be removed, the first: %w", len(stay), stay[0]))
	}
	return removed, err
}

// eachTuned calls do for the files that may be entries. A folder is none, whatever its
// name. That there is no place for entries is no error.
func eachTuned(do func(path string)) error {
	dir := TunedFolder()
	if dir == "" {
		return nil
	}
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, file := range files {
		name := file.Name()
		if file.IsDir() || filepath.Ext(name) != tunedExt && !strings.HasPrefix(name, tunedTemp) {
			continue
		}
		do(filepath.Join(dir, name))
	}
	if err != nil {
		return fmt.Errorf("tuning: %w", err)
	}
	return nil
}
