package durable

// syncFolder does nothing: Windows cannot flush a folder, and NTFS logs a rename.
func syncFolder(string) error { return nil }

// replaceable does nothing: whether a file can be replaced shows when it is.
func replaceable(string) error { return nil }

// hold does nothing: a folder cannot be locked.
func hold(string) (func(), error) { return func() {}, nil }
