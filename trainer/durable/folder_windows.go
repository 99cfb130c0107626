package durable

// syncFolder does nothing: Windows cannot flush a folder, and NTFS logs a rename.
func syncFolder(string) error { return nil }

// hold does nothing: a folder cannot be locked.
func hold(string) (func(), error) { return func() {}, nil }
