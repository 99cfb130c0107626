package trainer

import (
	"os"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
)

// Neither the user's cache of programs nor the user's choice of a device changes what
// tests see.
func TestMain(m *testing.M) {
	forget := cltest.SharePrograms()
	os.Unsetenv(device.EnvDevice)
	code := m.Run()
	forget()
	os.Exit(code)
}
