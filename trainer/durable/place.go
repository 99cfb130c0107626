package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Check says what would keep WriteFile from making a file at path, or replacing the one that is
// there, as far as that can be found out before there is anything to write. It leaves nothing.
func Check(path string) error {
	f, target, old, err := begin(path)
	if err != nil {
		return err
	}
	if err := also(f.Close(), os.Remove(f.Name())); err != nil || old == nil {
		return err
	}
	return replaceable(target)
}

// begin makes the temporary file beside the file that path leads to, target, which old is now.
func begin(path string) (f *os.File, target string, old fs.FileInfo, err error) {
	if target, old, err = destination(path); err == nil {
		f, err = createTemporary(target)
	}
	return f, target, old, err
}

// destination follows path to the file that is to be replaced, and returns what
// it is now; nil if there is none.
func destination(path string) (target string, old fs.FileInfo, err error) {
	if path == "" {
		return "", nil, errors.New("the name is empty: name a file")
	}
	old, err = os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, nil, nil
	case err != nil:
		return "", nil, noPlace(err)
	case old.IsDir():
		return "", nil, errors.New("a directory is there: name a file")
	case !old.Mode().IsRegular():
		return "", nil, errors.New("something is there that is not a file: name a file")
	}
	if target, err = filepath.EvalSymlinks(path); err != nil {
		return "", nil, noPlace(err)
	}
	return target, old, nil
}

// noPlace is an error about a name that the user has not given, or that is said already: it
// leaves the name out.
func noPlace(err error) error {
	var named *fs.PathError
	if errors.As(err, &named) {
		err = named.Err
	}
	return fmt.Errorf("no file can be made there: %w", err)
}

const (
	temporarySuffix = ".tmp"
	// temporaryStem is how many bytes of a file's name its temporary file has at most: a file
	// system may allow no longer name than the file's.
	temporaryStem = 64
)

// createTemporary opens a new file beside target, with the beginning of its name and then
// .clprop-….tmp. After a crash such a file may be deleted. os.CreateTemp would
// give it the permissions 0600, which a model that others read must not keep.
func createTemporary(target string) (*os.File, error) {
	folder, stem := filepath.Split(target)
	stem = strings.ToValidUTF8(stem[:min(len(stem), temporaryStem)], "") // without half a letter
	for tries := 0; ; tries++ {
		name := fmt.Sprintf("%s%s.clprop-%08x%s", folder, stem, rand.Uint32(), temporarySuffix)
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, fs.ErrExist) || tries == 100 {
			return nil, noPlace(err)
		}
	}
}
