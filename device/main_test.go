package device

import (
	"os"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
)

func TestMain(m *testing.M) {
	done := cltest.Setup()
	code := m.Run()
	done()
	os.Exit(code)
}
