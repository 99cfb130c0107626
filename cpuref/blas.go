package cpuref

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// BLAS is a library of this machine for matrix products, such as OpenBLAS. It is
// loaded at run time, so that a binary that knows of it starts where there is none.
//
// Of all BLAS, one function is called: SGEMM through its Fortran name, sgemm_, which
// OpenBLAS, BLIS, MKL and Accelerate share. Fortran takes every argument by its
// address, numbers too, so that no floating point register and no size of an
// integer is in question.
//
// Source: J. J. Dongarra, J. Du Croz, S. Hammarling and I. Duff, "A set of level 3
// basic linear algebra subprograms", ACM TOMS 16 (1990) 1–17.
type BLAS struct {
	name  string
	path  string
	sgemm uintptr // address of the function
	calls atomic.Int64

	mu   sync.Mutex // the library uses all cores: one product at a time
	args sgemmArgs
}

// sgemmArgs lie where the library reads them. Integers have 64 bits: a library with
// 32-bit ones reads the lower half, which comes first on amd64 and arm64.
type sgemmArgs struct {
	transA, transB byte
	m, n, k        int64
	lda, ldb, ldc  int64
	alpha, beta    float32
}

// smallProduct is up to how many multiply-adds a product stays in Go: a call of a
// library, 0.2 µs, would be a large part of it, and allocates.
const smallProduct = 1 << 12

// blasNames are the libraries to look for. libblas.so.3 is not among them: it may be
// the reference BLAS, which is slower than gonum. Windows brings none, and a name
// without a folder might find a file that was left in the current one.
var blasNames = map[string][]string{
	"linux":  {"libopenblas.so.0", "libopenblas.so", "libblis.so.4", "libmkl_rt.so.2"},
	"darwin": {"/System/Library/Frameworks/Accelerate.framework/Accelerate"},
}

// inUse is the library that float32 products go to; nil for gonum.
var inUse atomic.Pointer[BLAS]

// opened remembers libraries by path, and the one that was found without a path by
// "": a library is never unloaded.
var opened struct {
	sync.Mutex
	found map[string]*BLAS
}

// UseBLAS decides what the float32 products of the whole process run on, and returns
// it; nil is gonum. spec is
//
//	""      the first of the libraries known by name that is there, or gonum
//	off     gonum
//	a path  that library, or an error
//
// The float64 oracle is on gonum whatever is chosen. The same library, on the same
// processor with as many threads, gives the same bits each time; another one rounds
// otherwise, within the same bound.
func UseBLAS(spec string) (*BLAS, error) {
	library, err := findBLAS(spec)
	if err != nil {
		return nil, err
	}
	inUse.Store(library)
	return library, nil
}

func findBLAS(spec string) (*BLAS, error) {
	if strings.EqualFold(spec, "off") {
		return nil, nil
	}
	opened.Lock()
	defer opened.Unlock()
	if known, ok := opened.found[spec]; ok {
		return known, nil
	}
	paths := []string{spec}
	if spec == "" {
		paths = blasNames[runtime.GOOS]
	}
	var library *BLAS
	var reasons []error
	for _, path := range paths {
		var err error
		if library, err = openBLAS(path); err == nil {
			break
		}
		reasons = append(reasons, err)
	}
	if library == nil && spec != "" {
		return nil, fmt.Errorf("BLAS library %s: %w: name another, or off", spec, errors.Join(reasons...))
	}
	if opened.found == nil {
		opened.found = map[string]*BLAS{}
	}
	opened.found[spec] = library
	return library, nil
}

func openBLAS(path string) (*BLAS, error) {
	handle, err := openNamingCore(path)
	if err != nil {
		return nil, err
	}
	sgemm, err := lookup(handle, "sgemm_")
	if err != nil || sgemm == 0 {
		return nil, errors.Join(errors.New("it has no function sgemm_"), err)
	}
	return &BLAS{name: blasName(handle, path), path: path, sgemm: sgemm}, nil
}

// blasName asks a library for its name and version, or makes one of its path.
func blasName(handle uintptr, path string) string {
	for _, known := range []struct{ function, prefix string }{
		{"openblas_get_config", ""}, // "OpenBLAS 0.3.21 DYNAMIC_ARCH ...", or, before 0.3, no name
		{"bli_info_get_version_str", "BLIS "},
	} {
		function, err := lookup(handle, known.function)
		if err != nil || function == 0 {
			continue
		}
		text := cString(syscallN(function))
		if words := strings.Fields(known.prefix + text); len(words) >= 2 {
			return words[0] + " " + words[1]
		}
	}
	return filepath.Base(path)
}

// cString copies a C string, up to a length that no version has.
func cString(p uintptr) string {
	if p == 0 {
		return ""
	}
	const most = 256
	// The indirection keeps vet from taking C's memory for Go's.
	start := *(*unsafe.Pointer)(unsafe.Pointer(&p))
	var text []byte
	for i := range most {
		c := *(*byte)(unsafe.Add(start, i))
		if c == 0 {
			break
		}
		text = append(text, c)
	}
	return string(text)
}

// String is the library's name and version, "gonum" for nil.
func (l *BLAS) String() string {
	if l == nil {
		return "gonum"
	}
	return l.name
}

// Path is the name or path that the library was loaded under; "" for nil.
func (l *BLAS) Path() string {
	if l == nil {
		return ""
	}
	return l.path
}

// Calls counts the products that the library computed; 0 for nil.
func (l *BLAS) Calls() int64 {
	if l == nil {
		return 0
	}
	return l.calls.Load()
}

// gemm is C := op(A) op(B) + β C, of matrices that fit and are not empty. Fortran
// has columns where Go has rows, so that it sees every matrix transposed, and
// computes Cᵀ := op(B)ᵀ op(A)ᵀ + β Cᵀ.
func (l *BLAS) gemm(opA, opB blas.Transpose, k int, a, b blas32.General, beta float32, c blas32.General) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &l.args
	p.transA, p.transB = byte(opB), byte(opA)
	p.m, p.n, p.k = int64(c.Cols), int64(c.Rows), int64(k)
	p.lda, p.ldb, p.ldc = int64(b.Stride), int64(a.Stride), int64(c.Stride)
	p.alpha, p.beta = 1, beta
	const length = 1 // of the two characters, as compilers of Fortran pass it unseen
	syscallN(l.sgemm,
		uintptr(unsafe.Pointer(&p.transA)), uintptr(unsafe.Pointer(&p.transB)),
		uintptr(unsafe.Pointer(&p.m)), uintptr(unsafe.Pointer(&p.n)), uintptr(unsafe.Pointer(&p.k)),
		uintptr(unsafe.Pointer(&p.alpha)), uintptr(unsafe.Pointer(&b.Data[0])), uintptr(unsafe.Pointer(&p.lda)),
		uintptr(unsafe.Pointer(&a.Data[0])), uintptr(unsafe.Pointer(&p.ldb)),
		uintptr(unsafe.Pointer(&p.beta)), uintptr(unsafe.Pointer(&c.Data[0])), uintptr(unsafe.Pointer(&p.ldc)),
		length, length)
	l.calls.Add(1)
}
