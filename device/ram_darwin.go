package device

import "golang.org/x/sys/unix"

// ram is the machine's memory in bytes; 0 if it cannot be known.
func ram() int64 {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(n)
}
