package device

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// EnvMemory is the environment variable that bounds how much of a device's memory an engine
// takes, such as 6GiB, 500MB or a number of bytes: where others use the device too.
const EnvMemory = "CLPROP_DEVICE_MEMORY"

// limitMemory is the memory of a device, or what EnvMemory says if that is less.
func limitMemory(total int64) (int64, error) {
	text := os.Getenv(EnvMemory)
	if text == "" {
		return total, nil
	}
	digits := strings.TrimRight(text, "BKMGTi")
	factor, known := map[string]float64{
		"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}[text[len(digits):]]
	v, err := strconv.ParseFloat(digits, 64)
	if v *= factor; err != nil || !known || !(v >= 1 && v < math.MaxInt64) { // so that NaN fails
		return 0, fmt.Errorf("%w: %s is %q: need a number of bytes, such as 6GiB or 500MB", ErrEnvironment, EnvMemory, text)
	}
	return least(total, int64(v)), nil
}
