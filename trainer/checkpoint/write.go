package checkpoint

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/clprop/clprop/trainer/durable"
)

// Section is one part of a file to write.
type Section struct {
	Name string
	// Bytes and then Floats are its content.
	Bytes  []byte
	Floats [][]float32
}

// size is the number of bytes of its content.
func (s Section) size() uint64 {
	n := len(s.Bytes)
	for _, values := range s.Floats {
		n += 4 * len(values)
	}
	return uint64(n)
}

// Write writes a file of these sections to w. The same sections give the same
// bytes. w should be buffered.
func Write(w io.Writer, sections []Section) error {
	sum := sha256.New()
	w = &alongside{w, sum}
	head := binary.LittleEndian.AppendUint32([]byte(magic), Version)
	if _, err := w.Write(head); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, s := range sections {
		if len(s.Name) < 1 || len(s.Name) > maxName || seen[s.Name] {
			return fmt.Errorf("section %.40q: a name has 1 to %d bytes and is used once", s.Name, maxName)
		}
		seen[s.Name] = true
		if err := s.write(w); err != nil {
			return err
		}
	}
	_, err := w.Write(sum.Sum(nil))
	return err
}

// alongside writes to w, and meanwhile adds the same bytes to a sum: each takes about as
// long as the other, and a stopped training waits for both.
type alongside struct {
	w   io.Writer
	sum hash.Hash
}

func (a *alongside) Write(p []byte) (int, error) {
	added := make(chan struct{})
	go func() {
		a.sum.Write(p) // never an error
		close(added)
	}()
	n, err := a.w.Write(p)
	<-added
	return n, err
}

func (s Section) write(w io.Writer) error {
	crc := crc32.New(castagnoli)
	both := io.MultiWriter(w, crc)
	head := append([]byte{byte(len(s.Name))}, s.Name...)
	head = binary.LittleEndian.AppendUint64(head, s.size())
	if _, err := both.Write(append(head, s.Bytes...)); err != nil {
		return err
	}
	for _, values := range s.Floats {
		if err := durable.WriteFloats(both, values); err != nil {
			return err
		}
	}
	_, err := w.Write(binary.LittleEndian.AppendUint32(nil, crc.Sum32()))
	return err
}
