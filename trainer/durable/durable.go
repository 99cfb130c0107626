package durable

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// temporary is the pattern of the names of temporary files: that of the file,
// then this, with random digits for the star. After a crash such files may be
// deleted.
const temporary = ".clprop-*.tmp"

// WriteFile makes a file of what write writes, replacing one of that name. After
// an error the old file, if any, is as it was, and the temporary file is gone.
// The error names path and wraps the cause, that of write included. write gets a
// buffered writer, good for many small writes.
//
// A symbolic link is followed, so the file that it names is replaced and not the
// link. A new file gets the permissions 0666 less the umask, an old one keeps its
// own.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	target, mode, err := destination(path)
	if err != nil {
		return err
	}
	folder := filepath.Dir(target)
	f, err := os.CreateTemp(folder, filepath.Base(target)+temporary)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removed(f.Name()))
		}
	}()
	if err := fill(f, mode, write); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), target); err != nil {
		return err
	}
	return syncFolder(folder)
}

// removed deletes a temporary file that may be gone already.
func removed(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// destination follows path to the file that is to be replaced, and returns the
// permissions that the new one gets.
func destination(path string) (target string, mode os.FileMode, err error) {
	target, err = filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) {
		return path, 0o666 &^ umask(), nil
	}
	if err != nil {
		return "", 0, err
	}
	info, err := os.Stat(target)
	if err != nil {
		return "", 0, err
	}
	if !info.Mode().IsRegular() {
		return "", 0, errors.New("there is something that is not a file: give another name")
	}
	return target, info.Mode().Perm(), nil
}

// fill writes the content and forces it to the disk.
func fill(f *os.File, mode os.FileMode, write func(io.Writer) error) error {
	buffer := bufio.NewWriterSize(f, 1<<16)
	if err := write(buffer); err != nil {
		return err
	}
	if err := buffer.Flush(); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	return f.Sync()
}
