//go:build !windows

package durable

import (
	"errors"
	"os"
	"sync"
	"syscall"
)

// umask returns the process's mask of permissions. It can only be read by setting
// it, so that is done once.
var umask = sync.OnceValue(func() os.FileMode {
	mask := syscall.Umask(0o077)
	syscall.Umask(mask)
	return os.FileMode(mask)
})

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
	return errors.Join(err, f.Close())
}
