package device

import (
	"os"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
)

func TestMain(m *testing.M) {
	done, forget := cltest.Setup(), cltest.SharePrograms()
	code := m.Run()
	forget()
	done()
	os.Exit(code)
}
