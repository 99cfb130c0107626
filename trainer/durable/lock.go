package durable

import (
	"errors"
	"fmt"
)

// ErrHeld: another process works in a folder.
var ErrHeld = errors.New("another process works in it")

// Hold keeps a folder from whoever else asks to hold it, also in this process, until release is
// called or the process ends, however it does: nothing of it is left on the disk. The error
// of a folder that is held names it and wraps ErrHeld. On Windows, and on a file system that
// has no locks, nobody is kept from anything.
func Hold(folder string) (release func(), err error) {
	if release, err = hold(folder); err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	return release, nil
}
