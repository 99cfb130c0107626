package durable

import (
	"bytes"
	"errors"
	"math"
	"testing"
)

// The bytes are those of the definition, also across chunks and for every kind of
// number.
func TestWriteFloats(t *testing.T) {
	var b bytes.Buffer
	if err := WriteFloats(&b, []float32{1, -2, 0.5}); err != nil {
		t.Fatal(err)
	}
	// IEEE 754, by hand: sign, 8 bits of exponent + 127, 23 of the fraction.
	if want := []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f}; !bytes.Equal(b.Bytes(), want) {
		t.Errorf("got % x, want % x", b.Bytes(), want)
	}
	for _, n := range []int{0, 1, floatChunk - 1, floatChunk, 2*floatChunk + 3} {
		values := make([]float32, n)
		for i := range values {
			values[i] = math.Float32frombits(uint32(i) * 2654435761) // NaN too
		}
		b.Reset()
		if err := WriteFloats(&b, values); err != nil || !bytes.Equal(b.Bytes(), encode(nil, values)) {
			t.Errorf("%d values: other bytes (%v)", n, err)
		}
	}
}

type fullDisk struct{}

var errFull = errors.New("full")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriteFloatsError(t *testing.T) {
	if err := WriteFloats(fullDisk{}, []float32{1}); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}
