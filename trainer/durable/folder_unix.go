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
