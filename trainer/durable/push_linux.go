package durable

import (
	"os"
	"syscall"
)

// syncFileRangeWrite is SYNC_FILE_RANGE_WRITE of Linux: begin to write, and do not wait.
const syncFileRangeWrite = 2

// push begins to write a part of a file to the disk. A file system that cannot leaves it to
// Sync, which finds every error too.
func push(f *os.File, from, size int64) {
	_ = syscall.SyncFileRange(int(f.Fd()), from, size, syncFileRangeWrite)
}
