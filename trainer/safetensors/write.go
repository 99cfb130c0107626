package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clprop/clprop/trainer/durable"
)

// Write writes a file. The same content gives the same bytes: tensors are written
// sorted by name, and the header is padded with spaces so that the buffer begins
// at a multiple of 8. An error of w is returned as it is; one of the content
// wraps ErrFormat and comes before anything is written.
func Write(w io.Writer, file *File) error {
	tensors := slices.Clone(file.Tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	header, err := encodeHeader(tensors, file.Metadata)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		if err := durable.WriteFloats(w, t.Data); err != nil {
			return err
		}
	}
	return nil
}

// entry is a tensor in the header.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// encodeHeader checks everything and returns the padded header.
func encodeHeader(tensors []Tensor, meta map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	member := func(name string, value any) error {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		if err := encoder.Encode(name); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // the newline of Encode
		b.WriteByte(':')
		if err := encoder.Encode(value); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1)
		return nil
	}
	if len(meta) > maxMetadata {
		return nil, fmt.Errorf("%d entries of metadata, at most %d", len(meta), maxMetadata)
	}
	for key, value := range meta {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return nil, fmt.Errorf("metadata %s is not UTF-8", quote(key))
		}
	}
	if len(meta) > 0 {
		if err := member(metadata, meta); err != nil { // sorts the keys
			return nil, err
		}
	}
	end := int64(0)
	for i, t := range tensors {
		n, err := elements(t.Shape)
		switch {
		case err != nil:
			return nil, fmt.Errorf("tensor %s: %w", quote(t.Name), err)
		case t.Name == metadata || !utf8.ValidString(t.Name):
			return nil, fmt.Errorf("tensor %s: not a possible name", quote(t.Name))
		case i > 0 && t.Name == tensors[i-1].Name:
			return nil, fmt.Errorf("tensor %s is there twice", quote(t.Name))
		case n != int64(len(t.Data)):
			return nil, fmt.Errorf("tensor %s: %d values for shape %v", quote(t.Name), len(t.Data), t.Shape)
		}
		begin := end
		end += 4 * n
		// An empty shape is [] and not null.
		if err := member(t.Name, entry{"F32", append([]int{}, t.Shape...), [2]int64{begin, end}}); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	for (8+b.Len())%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, at most %d", b.Len(), maxHeader)
	}
	return b.Bytes(), nil
}
