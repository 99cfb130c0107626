//go:build !(linux || darwin || windows)

package device

// ram is the machine's memory in bytes; here it cannot be known.
func ram() int64 { return 0 }
