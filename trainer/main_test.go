package trainer

import (
	"os"
	"testing"

	"github.com/clprop/clprop/device"
)

// Neither the user's cache of programs nor the user's choice of a device changes what
// tests see.
func TestMain(m *testing.M) {
	os.Setenv("CLPROP_CACHE", "off")
	os.Unsetenv(device.EnvDevice)
	os.Exit(m.Run())
}
