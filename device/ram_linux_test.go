package device

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The CPU reference has the machine's memory, as /proc tells it too: kibibytes that
// the kernel counts at another moment, so within 1%.
func TestReferenceMemory(t *testing.T) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Skip(err)
	}
	var want int64
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			if _, err := fmt.Sscan(rest, &want); err != nil {
				t.Fatal(err)
			}
		}
	}
	want *= 1024
	got := OpenReference().Info().TotalMemory
	if got < want-want/100 || got > want+want/100 {
		t.Errorf("%d bytes, /proc/meminfo has %d", got, want)
	}
}
