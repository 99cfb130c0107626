package cltest

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/ebitengine/purego"
)

//go:embed testdata/double.c
var doubleSource []byte

const (
	envLibrary = "CLPROP_OPENCL_LIBRARY" // package cl's own
	envDouble  = "CLPROP_TEST_DOUBLE"    // this process is for the double
)

// Double is a libOpenCL between this process and the real one, which counts and on
// demand fails, hangs or leaves out calls; see testdata/double.c.
type Double struct {
	Reset func()
	// Fail makes the nth call of a function, from now and counted from 1, fail with
	// a status.
	Fail func(function string, nth, status int)
	// Hang makes it, and those after it, not return before Reset.
	Hang func(function string, nth int)
	// Skip leaves out the nth launch of a kernel, which is taken for done.
	Skip func(kernel string, nth int)
	// Calls is how often a function was called since one of the above.
	Calls func(function string) int

	live func(kind int) int
}

// doubleKinds are the objects that the double counts, in its order.
var doubleKinds = []string{"context", "queue", "buffer", "program", "kernel", "event", "sub-device"}

// Live counts, by kind, the driver's objects that were made and not released; kinds
// with none are absent.
func (d *Double) Live() map[string]int {
	m := map[string]int{}
	for kind, name := range doubleKinds {
		if n := d.live(kind); n != 0 {
			m[name] = n
		}
	}
	return m
}

// Functions are the OpenCL functions that package cl calls, and the double has.
func (*Double) Functions() []string {
	var names []string
	for line := range strings.Lines(string(doubleSource)) {
		for _, macro := range []string{"STATUS(cl", "CREATE(cl", "RELEASE(cl", "FUNCTION(cl"} {
			if rest, ok := strings.CutPrefix(line, macro); ok {
				names = append(names, "cl"+rest[:strings.IndexAny(rest, ",)")])
			}
		}
	}
	return names
}

// WithDouble runs the body of a test in a process of its own where OpenCL is a
// Double, since a process loads one OpenCL library only. The double is compiled
// with gcc; without that, or without OpenCL, the test is skipped, or fails if
// CLPROP_REQUIRE_OPENCL is 1.
func WithDouble(t *testing.T, body func(*Double)) {
	t.Helper()
	if os.Getenv(envDouble) == t.Name() {
		body(openDouble(t, os.Getenv(envLibrary)))
		return
	}
	library := buildDouble(t)
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=900s")
	cmd.Env = append(os.Environ(), envLibrary+"="+library, envDouble+"="+t.Name())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("with a double of OpenCL: %v\n%s", err, out)
	}
	if strings.Contains(string(out), "--- SKIP") {
		t.Skipf("%s", out)
	}
	if !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("did not run:\n%s", out)
	}
	if testing.Verbose() {
		t.Logf("%s", out)
	}
}

func buildDouble(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	source, library := filepath.Join(dir, "double.c"), filepath.Join(dir, "libdouble.so")
	if err := os.WriteFile(source, doubleSource, 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl").CombinedOutput(); err != nil {
		Missing(t, err)
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return library
}

// openDouble finds the controls in the library that package cl loads.
func openDouble(t *testing.T, library string) *Double {
	t.Helper()
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		t.Fatal(err)
	}
	control := func(name string) func(...uintptr) int {
		address, err := purego.Dlsym(handle, name)
		if err != nil {
			t.Fatal(err)
		}
		return func(args ...uintptr) int {
			r, _, _ := purego.SyscallN(address, args...)
			return int(r)
		}
	}
	// The text must stay where it is while C reads it.
	named := func(name string) func(text string, args ...uintptr) int {
		f := control(name)
		return func(text string, args ...uintptr) int {
			var pin runtime.Pinner
			defer pin.Unpin()
			at := append([]byte(text), 0)
			pin.Pin(&at[0])
			return f(append([]uintptr{uintptr(unsafe.Pointer(&at[0]))}, args...)...)
		}
	}
	reset, fail, hang := control("double_reset"), named("double_fail"), named("double_hang")
	skip, calls, live := named("double_skip"), named("double_calls"), control("double_live")
	return &Double{
		Reset: func() { reset() },
		Fail:  func(function string, nth, status int) { fail(function, uintptr(nth), uintptr(status)) },
		Hang:  func(function string, nth int) { hang(function, uintptr(nth)) },
		Skip:  func(kernel string, nth int) { skip(kernel, uintptr(nth)) },
		Calls: func(function string) int { return calls(function) },
		live:  func(kind int) int { return live(uintptr(kind)) },
	}
}
