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
	// Await, if not nil, is called before slice i of Floats is written, whose values need not
	// be there earlier. An error that it returns ends Write.
	Await func(i int) error
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
	out := &summed{w: w, sha: sha256.New(), crc: crc32.New(castagnoli)}
	head := binary.LittleEndian.AppendUint32([]byte(magic), Version)
	if _, err := out.Write(head); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, s := range sections {
		if len(s.Name) < 1 || len(s.Name) > maxName || seen[s.Name] {
			return fmt.Errorf("section %.40q: a name has 1 to %d bytes and is used once", s.Name, maxName)
		}
		seen[s.Name] = true
		if err := s.write(out); err != nil {
			return err
		}
	}
	_, err := w.Write(out.sha.Sum(nil))
	return err
}

// summed writes to w, and adds the same bytes to both sums. The SHA-256 takes longer than all
// else together and has a goroutine for itself: a training that was stopped waits for it.
type summed struct {
	w   io.Writer
	sha hash.Hash
	crc hash.Hash32 // of a section
}

func (s *summed) Write(p []byte) (int, error) {
	added := make(chan struct{})
	go func() {
		s.sha.Write(p) // never an error
		close(added)
	}()
	s.crc.Write(p)
	n, err := s.w.Write(p)
	<-added
	return n, err
}

func (s Section) write(w *summed) error {
	w.crc.Reset()
	head := append([]byte{byte(len(s.Name))}, s.Name...)
	head = binary.LittleEndian.AppendUint64(head, s.size())
	if _, err := w.Write(append(head, s.Bytes...)); err != nil {
		return err
	}
	for i, values := range s.Floats {
		if s.Await != nil {
			if err := s.Await(i); err != nil {
				return err
			}
		}
		if err := durable.WriteFloats(w, values); err != nil {
			return err
		}
	}
	_, err := w.Write(binary.LittleEndian.AppendUint32(nil, w.crc.Sum32()))
	return err
}
