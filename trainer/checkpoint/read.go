package checkpoint

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/clprop/clprop/trainer/durable"
)

// File is what Read found.
type File struct {
	names    []string
	sections map[string][]byte
}

// Names lists the sections in the order of the file.
func (f *File) Names() []string { return f.names }

// Section returns the content of a section, and whether there is one. It is the
// File's memory: it must not be changed.
func (f *File) Section(name string) (content []byte, ok bool) {
	content, ok = f.sections[name]
	return content, ok
}

// Floats fills the slices of dst with the content of a section, which must have
// exactly as many values.
func (f *File) Floats(name string, dst ...[]float32) error {
	content, ok := f.sections[name]
	if !ok {
		return fmt.Errorf("no section %q", name)
	}
	if want := (Section{Floats: dst}).size(); uint64(len(content)) != want {
		return fmt.Errorf("section %q has %d bytes, need %d", name, len(content), want)
	}
	for _, values := range dst {
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(content))
			content = content[4:]
		}
	}
	return nil
}

// Read reads the file at path. An error names path; it wraps ErrDamaged if the
// content is not what was once written, ErrVersion if it is of a newer program,
// and else the error of the file system.
func Read(path string) (*File, error) {
	content, err := readAll(path)
	if err != nil {
		return nil, err // names path
	}
	f, err := Parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// readAll is os.ReadFile for regular files alone, into memory of exactly their size.
func readAll(path string) ([]byte, error) {
	file, info, err := durable.Open(path, fmt.Errorf("%w: not a file", ErrDamaged))
	if err != nil {
		return nil, err
	}
	defer file.Close() // read only: nothing can be lost
	if info.Size() > math.MaxInt-1 {
		return nil, fmt.Errorf("%s: %w: %d bytes are more than this machine can address", path, ErrDamaged, info.Size())
	}
	content := make([]byte, info.Size())
	if _, err := io.ReadFull(file, content); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: %w: it became shorter while it was read", path, ErrDamaged)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return content, nil
}

// Parse is Read of a content in memory, which the File keeps.
func Parse(content []byte) (*File, error) {
	switch {
	case len(content) < leastBytes:
		return nil, fmt.Errorf("%w: %d bytes, the least is %d", ErrDamaged, len(content), leastBytes)
	case string(content[:len(magic)]) != magic:
		return nil, fmt.Errorf("%w: it does not begin as one", ErrDamaged)
	}
	body, sum := content[:len(content)-shaBytes], content[len(content)-shaBytes:]
	version := binary.LittleEndian.Uint32(content[len(magic):])
	if sha256.Sum256(body) != [shaBytes]byte(sum) {
		return nil, fmt.Errorf("%w: %s", ErrDamaged, whereDamaged(body))
	}
	if version > Version {
		return nil, fmt.Errorf("%w: version %d, this program reads up to %d: use a newer clprop", ErrVersion, version, Version)
	}
	if version < 1 {
		return nil, fmt.Errorf("%w: version %d", ErrDamaged, version)
	}
	f := &File{sections: map[string][]byte{}}
	for rest := body[headBytes:]; len(rest) > 0; {
		name, section, after, err := next(rest)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if _, twice := f.sections[name]; twice {
			return nil, fmt.Errorf("%w: two sections %.40q", ErrDamaged, name)
		}
		if len(f.names) == maxSections {
			return nil, fmt.Errorf("%w: more than %d sections", ErrDamaged, maxSections)
		}
		f.names = append(f.names, name)
		f.sections[name] = section
		rest = after
	}
	return f, nil
}

// maxSections bounds what the table of sections can take beyond the file's own
// size: an entry of it is larger than an empty section.
const maxSections = 1000

// next takes the section at the beginning of rest.
func next(rest []byte) (name string, content, after []byte, err error) {
	k := int(rest[0])
	if k == 0 || len(rest) < 1+k+8 {
		return "", nil, nil, errors.New("a section has no head")
	}
	name = string(rest[1:][:k])
	head := 1 + k + 8
	n := binary.LittleEndian.Uint64(rest[1+k:])
	left := len(rest) - head - crcBytes
	if left < 0 || n > uint64(left) {
		return "", nil, nil, fmt.Errorf("section %.40q of %d bytes reaches beyond the end", name, n)
	}
	end := head + int(n)
	if got := crc32.Checksum(rest[:end], castagnoli); got != binary.LittleEndian.Uint32(rest[end:]) {
		return "", nil, nil, fmt.Errorf("section %.40q is not as it was written", name)
	}
	return name, rest[head:end], rest[end+crcBytes:], nil
}

// whereDamaged says which section of a file that is not whole is the first not to
// be as it was written.
func whereDamaged(body []byte) string {
	for rest := body[headBytes:]; len(rest) > 0; {
		_, _, after, err := next(rest)
		if err != nil {
			return err.Error()
		}
		rest = after
	}
	return "head or checksum is not as it was written"
}
