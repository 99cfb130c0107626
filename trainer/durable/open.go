package durable

import (
	"fmt"
	"io/fs"
	"os"
)

// Open opens a file to be read, and says what it was just before. Whatever else lies at path is
// refused, with its name before what refused says: opening a pipe may never end, and a device
// has no size.
func Open(path string, refused error) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err // *fs.PathError names the path
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: %w", path, refused)
	}
	f, err := os.Open(path)
	return f, info, err
}
