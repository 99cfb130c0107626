package cl

import (
	"encoding/binary"
	"strings"
	"unsafe"
)

// infoLimit bounds what a driver may claim to have to say, in bytes.
const infoLimit = 1 << 30

// query is a question for one of the clGet…Info functions. Some take a second
// subject, such as the device of a kernel's work-group size.
type query struct {
	entry   *entry
	subject uintptr
	second  *uintptr
	param   uint32
}

// ask asks for at most size bytes at value; it stores at n how many there are.
func (q query) ask(size uintptr, value unsafe.Pointer, n *uintptr) error {
	if q.second != nil {
		return call(q.entry, q.subject, *q.second, uintptr(q.param),
			size, uintptr(value), uintptr(unsafe.Pointer(n)))
	}
	return call(q.entry, q.subject, uintptr(q.param),
		size, uintptr(value), uintptr(unsafe.Pointer(n)))
}

// bytes returns an answer of any length.
func (q query) bytes() ([]byte, error) {
	var n uintptr
	if err := q.ask(0, nil, &n); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, nil
	}
	if n > infoLimit {
		return nil, detail(q.entry.fail(codeUnknown), "parameter %#x claims %d bytes", q.param, n)
	}
	b := make([]byte, n)
	if err := q.ask(n, unsafe.Pointer(&b[0]), &n); err != nil {
		return nil, err
	}
	return b[:min(n, uintptr(len(b)))], nil
}

// text returns a string without its terminating NUL.
func (q query) text() (string, error) {
	b, err := q.bytes()
	s, _, _ := strings.Cut(string(b), "\x00")
	return s, err
}

// word returns an integer of up to 8 bytes: cl_uint, cl_ulong, size_t, cl_bool.
func (q query) word() (uint64, error) {
	var b [8]byte
	var n uintptr
	if err := q.ask(8, unsafe.Pointer(&b), &n); err != nil {
		return 0, err
	}
	// Every platform that can be built for is little-endian, so a short answer
	// fills the low bytes.
	return binary.LittleEndian.Uint64(b[:]), nil
}

// words returns a list of size_t or of handles.
func (q query) words() ([]uintptr, error) {
	b, err := q.bytes()
	if err != nil {
		return nil, err
	}
	list := make([]uintptr, len(b)/8)
	for i := range list {
		list[i] = uintptr(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return list, nil
}

// number turns an answer into an int, or zero if there was none.
func number[T ~int | ~int64 | ~uint](v uint64, err error) T {
	if err != nil {
		return 0
	}
	return T(v)
}

// cstring returns s with a terminating NUL; ok is false if s contains one.
func cstring(s string) (b []byte, ok bool) {
	return append([]byte(s), 0), !strings.Contains(s, "\x00")
}
