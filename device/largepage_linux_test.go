package device

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"unsafe"

	"github.com/clprop/clprop/cl/cltest"
)

// The kernel lists memory for which it was asked to use large pages with the flag hg
// (Documentation/filesystems/proc.rst), whether or not it has such.
func TestLargePages(t *testing.T) {
	const size = 3*largePage + 12345
	memory, free, err := largePages(size)
	if err != nil {
		t.Fatal(err)
	}
	start := uintptr(unsafe.Pointer(&memory[0]))
	if len(memory) != size || start%largePage != 0 {
		t.Errorf("%d bytes from %#x, want %d from a multiple of %#x", len(memory), start, size, largePage)
	}
	if n := bytes.Count(memory, []byte{0}); n != size {
		t.Errorf("%d bytes are 0, want %d", n, size)
	}
	memory[0], memory[size-1] = 1, 1
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(fmt.Sprintf(`(?m)^%x-%x [^V]*VmFlags:.*$`, start, start+3*largePage))
	if of := line.Find(maps); !strings.Contains(string(of)+" ", " hg ") {
		t.Errorf("memory from %#x: want the flag hg, have %q", start, of)
	}
	if err := free(); err != nil {
		t.Error(err)
	}
}

// PoCL's CPU computes in large pages, a matrix of less than one aside, and gives them back.
func TestLargePageBuffers(t *testing.T) {
	found, err := OpenWith("cpu", Options{})
	if err != nil {
		cltest.Missing(t, err)
	}
	e := found.(*opencl)
	defer e.Close()
	if !e.largePages {
		t.Skipf("%s is not PoCL", e.info.Name)
	}
	for floats, large := range map[int]bool{largePage/4 - 1: false, largePage / 4: true, largePage: true} {
		b, err := e.zeroed("a test", floats)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float32, floats)
		for i := range want {
			want[i] = float32(i)
		}
		got := make([]float32, floats)
		if err := e.write("write", b.mem, 0, want); err != nil {
			t.Fatal(err)
		}
		if err := e.read("read", b.mem, 0, got); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%d floats: %d is %v", floats, i, got[i])
			}
		}
		if (b.giveBack != nil) != large {
			t.Errorf("%d floats: large pages %t, want %t", floats, b.giveBack != nil, large)
		}
		b.Release()
	}
	if e.allocated != 0 {
		t.Errorf("%d bytes are left", e.allocated)
	}
}
