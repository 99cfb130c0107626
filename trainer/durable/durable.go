package durable

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// WriteFile makes a file of what write writes, replacing one of that name. After
// an error the old file, if any, is as it was, and nothing of the new one is left, unless
// that is whole and could only not replace what is there: then it stays, and the error names it. The
// error names path and wraps the cause, that of write included. write gets a buffered
// writer, good for many small writes.
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

func writeFile(path string, write func(io.Writer) error) error {
	f, target, old, err := begin(path)
	if err != nil {
		return err
	}
	if err := also(fill(f, old, write), f.Close()); err != nil {
		return also(err, remove(f.Name()))
	}
	if err := os.Rename(f.Name(), target); err != nil {
		if _, there := os.Lstat(target); errors.Is(there, fs.ErrNotExist) { // it is the disk's fault
			return also(err, remove(f.Name()))
		}
		return keep(f.Name(), err)
	}
	return syncFolder(filepath.Dir(target))
}

// remove removes a temporary file, if it is still there.
func remove(name string) error {
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// keep ends the writing of a file that is whole and cannot have its name: what it holds may have
// taken hours. It loses its .tmp, where it can, since what ends so may be deleted.
func keep(temporary string, renaming error) error {
	if errors.Is(renaming, fs.ErrNotExist) { // somebody has removed it
		return renaming
	}
	var link *os.LinkError
	if errors.As(renaming, &link) {
		renaming = link.Err // beside its two names, which are said already
	}
	kept := strings.TrimSuffix(temporary, temporarySuffix)
	if os.Rename(temporary, kept) != nil {
		kept = temporary
	}
	err := fmt.Errorf("the file that is there cannot be replaced: %w: the new one is whole and stays as %s: move it from there", renaming, kept)
	return also(err, syncFolder(filepath.Dir(kept)))
}

// also adds an error met while cleaning up after another, in one line. Either may be nil.
func also(cause, err error) error {
	switch {
	case err == nil:
		return cause
	case cause == nil:
		return err
	}
	return fmt.Errorf("%w; then %w", cause, err)
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
