package device

import "fmt"

// MemoryError says that an engine cannot hold what was asked for.
type MemoryError struct {
	What string // such as "matrix 60000×784"
	Need int64  // bytes
	Have int64  // bytes that could be had
	// Single is set when the limit is the device's largest single allocation
	// rather than its total memory.
	Single bool
	Device string
	Cause  error // the driver's error, or what else the limit is; nil for one that the device has told
}

func (e *MemoryError) Error() string {
	limit := "free"
	if e.Single {
		limit = "allowed in one allocation"
	}
	text := fmt.Sprintf("%s: %s needs %s, %s %s: use a smaller batch or net, or another device",
		e.Device, e.What, FormatBytes(e.Need), FormatBytes(e.Have), limit)
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

func (e *MemoryError) Unwrap() error { return e.Cause }

// FormatBytes writes a number of bytes in binary units, such as "1.5 GiB".
func FormatBytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n)/1024, 0
	for v >= 1024 && unit < 3 {
		v, unit = v/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", v, "KMGT"[unit])
}
