//go:build !windows

package durable

import (
	"errors"
	"os"
	"syscall"
)

// syncFolder forces the names in a folder to the disk. A file system that cannot
// do that says EINVAL or ENOTSUP, and has no better way.
func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	if closing := f.Close(); err == nil {
		return closing
	}
	return err
}

// hold locks the folder itself. The lock is that of the open folder, which no process that was
// started inherits.
func hold(folder string) (func(), error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	release := func() { _ = f.Close() } // read only: nothing can be lost
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		release()
		return nil, ErrHeld
	}
	return release, nil // whatever else is wrong is the file system's
}
