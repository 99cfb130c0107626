package cpuref

import (
	"os"
	"strings"
	"testing"
)

// OpenBLAS says which kernels it took: those that were named, and the variable is gone.
func TestOpenBLASCore(t *testing.T) {
	if _, set := os.LookupEnv(coreVariable); set {
		t.Skip(coreVariable + " is set")
	}
	want := openBLASCore()
	if want == "" {
		t.Skip("no name is known for this processor")
	}
	handle, err := openNamingCore("libopenblas.so.0")
	if err != nil {
		t.Skip(err)
	}
	corename, err := lookup(handle, "openblas_get_corename")
	if err != nil {
		t.Skip(err)
	}
	if got := cString(syscallN(corename)); !strings.EqualFold(got, want) {
		t.Errorf("OpenBLAS took kernels for %s, want %s", got, want)
	}
	if v, set := os.LookupEnv(coreVariable); set {
		t.Errorf("%s is %q after the library was opened", coreVariable, v)
	}
}
