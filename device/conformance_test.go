package device_test

import (
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/enginetest"
)

func TestReferenceConforms(t *testing.T) {
	e := device.OpenReference()
	defer e.Close()
	enginetest.Run(t, e, enginetest.Options{
		Another: func() (device.Engine, error) { return device.OpenReference(), nil },
	})
}
