package device

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clprop/clprop/kernels"
)

// ListTuned returns the entries kept that this clprop can read, by device and net; of a
// device if found is not nil: those that Open would look at there. Files that are no
// entries are passed over.
func ListTuned(found *Found) ([]Tuned, error) {
	var all []Tuned
	err := eachTuned(func(path string) {
		t, err := readTuned(path)
		if err == nil && (found == nil || found.tunes(t)) {
			all = append(all, *t)
		}
	})
	slices.SortFunc(all, func(a, b Tuned) int {
		if c := slices.Compare(a.Device, b.Device); c != 0 {
			return c
		}
		return strings.Compare(a.Net, b.Net)
	})
	return all, err
}

// tunes reports whether an entry is one for the device, its driver, and these kernels.
func (f *Found) tunes(t *Tuned) bool {
	return t.Kernels == kernels.SourceHash() && f.owns(t) && t.Tuning.Check(f.device) == nil
}

// owns reports whether an entry is one for the device and its driver.
func (f *Found) owns(t *Tuned) bool {
	return t.Units == f.Units && slices.Equal(t.Device, kernels.Identity(f.device))
}

// removeFile is os.Remove, but for tests.
var removeFile = os.Remove

// ClearTuned removes all entries, whatever wrote them, or those of a device, for other
// kernels too, and returns how many. It goes on where one cannot be removed; one that is
// gone, such as by another ClearTuned at the same time, is no error.
func ClearTuned(found *Found) (int, error) {
	removed := 0
	var stay []error
	err := eachTuned(func(path string) {
		if found != nil {
			if t, err := readTuned(path); err != nil || !found.owns(t) {
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
	dir := tunedFolder()
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
