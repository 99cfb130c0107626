package durable

import (
	"encoding/binary"
	"io"
	"math"
	"slices"
	"unsafe"
)

// floatChunk is how many values are written at a time: few enough that what hashes
// them finds them in the cache, enough that a call costs nothing.
const floatChunk = 1 << 16

// littleEndian is true on machines whose memory has float32 as files have it.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// WriteFloats writes values to w as files have them: IEEE 754, 4 bytes each, the
// least significant first. An error is w's, which may keep what it gets for as long as the
// values do not change.
func WriteFloats(w io.Writer, values []float32) error {
	for part := range slices.Chunk(values, floatChunk) {
		buffer := unsafe.Slice((*byte)(unsafe.Pointer(&part[0])), 4*len(part))
		if !littleEndian {
			buffer = encode(nil, part)
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
	}
	return nil
}

// encode is WriteFloats for any machine.
func encode(buffer []byte, values []float32) []byte {
	for _, v := range values {
		buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
	}
	return buffer
}
