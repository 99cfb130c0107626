package durable

import "os"

// umask is 0: Windows has none.
func umask() os.FileMode { return 0 }

// syncFolder does nothing: Windows cannot flush a folder, NTFS logs a rename.
func syncFolder(string) error { return nil }
