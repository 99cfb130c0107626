//go:build !linux

package device

import "errors"

// largePages is for Linux.
func largePages(int) (memory []byte, free func() error, err error) {
	return nil, nil, errors.ErrUnsupported
}
