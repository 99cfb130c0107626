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
	out := newSummed(w)
	err := out.write(sections)
	sum := out.end()
	if err != nil {
		return err
	}
	_, err = w.Write(sum)
	return err
}

// ahead is how many pieces may be written and not yet be in the SHA-256.
const ahead = 64

// summed writes to w, and adds the same bytes to both sums. The SHA-256 takes longer than all
// else together and has a goroutine for itself: a training that was stopped waits for it.
type summed struct {
	w      io.Writer
	crc    hash.Hash32 // of a section
	pieces chan []byte
	sum    chan []byte // SHA-256 of all pieces
}

func newSummed(w io.Writer) *summed {
	s := &summed{w, crc32.New(castagnoli), make(chan []byte, ahead), make(chan []byte)}
	go func() {
		sha := sha256.New()
		for p := range s.pieces {
			sha.Write(p) // never an error
		}
		s.sum <- sha.Sum(nil)
	}()
	return s
}

// end is the last that is called, also after an error: it returns the SHA-256.
func (s *summed) end() []byte {
	close(s.pieces)
	return <-s.sum
}

// Write keeps p, which must not change any more.
func (s *summed) Write(p []byte) (int, error) {
	s.pieces <- p
	s.crc.Write(p)
	return s.w.Write(p)
}

func (s *summed) write(sections []Section) error {
	if _, err := s.Write(binary.LittleEndian.AppendUint32([]byte(magic), Version)); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, section := range sections {
		name := section.Name
		if len(name) < 1 || len(name) > maxName || seen[name] {
			return fmt.Errorf("section %.40q: a name has 1 to %d bytes and is used once", name, maxName)
		}
		seen[name] = true
		if err := section.write(s); err != nil {
			return err
		}
	}
	return nil
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
