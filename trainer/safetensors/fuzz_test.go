package safetensors

import (
	"bytes"
	"testing"
)

// What Read accepts, Write writes back to the same content, and Read costs no
// more memory than promised. The files under testdata/fuzz run with every test.
func FuzzRead(f *testing.F) {
	f.Add(raw(one, 8))
	f.Add(raw(`{"__metadata__":{"a":"\u00e4\ud83d\ude00"},"b":{"dtype":"F32","shape":[1,0],"data_offsets":[0,0]}}  `, 0))
	f.Add(raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[4,8]},"b":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}`, 8))
	f.Add(raw(`{"a":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}}`, 6))
	f.Add(raw(`{`, 0))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := parse(content)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := Write(&b, file); err != nil {
			t.Fatal(err)
		}
		again, err := parse(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		var c bytes.Buffer
		if err := Write(&c, again); err != nil || !bytes.Equal(b.Bytes(), c.Bytes()) {
			t.Fatalf("%q became %q (%v)", b.Bytes(), c.Bytes(), err)
		}
	})
}
