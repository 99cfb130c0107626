package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// replaceable says what would keep a file from being renamed over target, which is a file. Linux asks the
// same for rmdir of the folder and of target, the sticky bit and chattr's included, before it finds
// that target is no folder: it never removes a file.
func replaceable(target string) error {
	if err := syscall.Rmdir(target); errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the file that is there cannot be replaced: %w: name another", err)
	}
	return nil
}
