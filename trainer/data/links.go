package data

import (
	"fmt"
	"os"
	"path/filepath"
)

// contained refuses what lies in a folder of examples and is not to be read from there: pipes and
// devices, which may never end, and symbolic links that lead out of the folder, unless they
// are to be followed. The folder may come from anyone, and the files that such a link leads to
// would end in a model. The folder itself may be a link.
func contained(folder, path string, opts Options) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return &Error{Path: path, Offset: -1, Reason: "not a regular file"}
	}
	link, err := os.Lstat(path)
	if err != nil || link.Mode()&os.ModeSymlink == 0 || opts.FollowLinks {
		return err
	}
	root, err := resolved(folder)
	if err != nil {
		return err
	}
	target, err := resolved(path)
	if err != nil {
		return err
	}
	if within, err := filepath.Rel(root, target); err == nil && filepath.IsLocal(within) {
		return nil
	}
	return &Error{Path: path, Offset: -1,
		Reason: fmt.Sprintf("a link to %s, outside of %s: put it inside, or allow it with --follow-links", target, folder)}
}

// resolved is the absolute path of what links lead to.
func resolved(path string) (string, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}
