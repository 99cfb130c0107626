package device

import "golang.org/x/sys/unix"

// ram is the machine's memory in bytes; 0 if it cannot be known.
func ram() int64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	return int64(uint64(info.Totalram) * uint64(info.Unit))
}
