package durable

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// WriteFile makes a file of what write writes, replacing one of that name. After
// an error the old file, if any, is as it was, and the temporary file is gone.
// The error names path and wraps the cause, that of write included. write gets a
// buffered writer, good for many small writes.
//
// A symbolic link to a file is followed, so that the file is replaced and not the
// link. A new file gets the permissions that os.Create gives, an old one keeps
// its own.
func WriteFile(path string, write func(io.Writer) error) error {
	if err := writeFile(path, write); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) (err error) {
	target, old, err := destination(path)
	if err != nil {
		return err
	}
	f, err := createTemporary(target)
	if err != nil {
		return err
	}
	renamed := false
	defer func() {
		if renamed {
			return
		}
		if left := os.Remove(f.Name()); !errors.Is(left, fs.ErrNotExist) { // unless the folder is gone
			err = also(err, left)
		}
	}()
	if err := fill(f, old, write); err != nil {
		return also(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), target); err != nil {
		return err
	}
	renamed = true
	return syncFolder(filepath.Dir(target))
}

// also adds an error met while cleaning up after another, in one line.
func also(cause, err error) error {
	if err == nil {
		return cause
	}
	return fmt.Errorf("%w; then %w", cause, err)
}

// destination follows path to the file that is to be replaced, and returns what
// it is now; nil if there is none.
func destination(path string) (target string, old fs.FileInfo, err error) {
	target, err = filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	old, err = os.Stat(target)
	if err != nil {
		return "", nil, err
	}
	if !old.Mode().IsRegular() {
		return "", nil, errors.New("something is there that is not a file: choose another name")
	}
	return target, old, nil
}

// createTemporary opens a new file beside target, with its name and then
// .clprop-….tmp. After a crash such a file may be deleted. os.CreateTemp would
// give it the permissions 0600, which a model that others read must not keep.
func createTemporary(target string) (*os.File, error) {
	for tries := 0; ; tries++ {
		name := fmt.Sprintf("%s.clprop-%08x.tmp", target, rand.Uint32())
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) || tries == 100 {
			return f, err
		}
	}
}

// fill writes the content and forces it to the disk.
func fill(f *os.File, old fs.FileInfo, write func(io.Writer) error) error {
	p := &pushed{f: f}
	defer p.telling.Wait()
	buffer := bufio.NewWriterSize(p, 1<<16)
	if err := write(buffer); err != nil {
		return err
	}
	if err := buffer.Flush(); err != nil {
		return err
	}
	if old != nil {
		if err := f.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
	}
	return f.Sync()
}
