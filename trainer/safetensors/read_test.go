package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// raw puts a file together by hand.
func raw(header string, buffer int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, buffer)...)
}

func parse(content []byte) (*File, error) {
	return Read(bytes.NewReader(content), int64(len(content)))
}

// one is a header with one tensor of 8 bytes.
const one = `{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`

func TestReadBadFiles(t *testing.T) {
	length := func(n uint64, rest string) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, n), rest...)
	}
	tensor := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"w":{"dtype":%q,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	pair := func(first, second string) string {
		return fmt.Sprintf(`{"a":{"dtype":"F32","shape":[1],"data_offsets":%s},"b":{"dtype":"F32","shape":[1],"data_offsets":%s}}`, first, second)
	}
	entries := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`"%d":""`, i)
		}
		return "{" + strings.Join(list, ",") + "}"
	}
	meta := func(m string) string { return `{"__metadata__":` + m + `}` }
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty file", nil, "0 bytes, the length of the header alone takes 8"},
		{"seven bytes", make([]byte, 7), "7 bytes"},
		{"no header", length(0, ""), "offset 8: the header does not begin with {"},
		{"header longer than file", length(1000, one), "offset 0: header of 1000 bytes in a file of 62"},
		{"header over 100 MB", length(100_000_001, one), "offset 0: header of 100000001 bytes, at most 100000000"},
		{"header length negative", length(math.MaxUint64, one), "offset 0: header of 18446744073709551615 bytes, at most"},
		{"leading space", raw(" {}", 0), "offset 8: the header does not begin with {"},
		{"array", raw("[]", 0), "does not begin with {"},
		{"unfinished", raw("{", 0), `offset 9: need '"'`},
		{"garbage after", raw("{} x", 0), `offset 11: 'x' after the end`},
		{"tab after", raw("{}\t", 0), `offset 10: '\t' after the end`},
		{"second object", raw("{}{}", 0), `offset 10: '{' after the end`},
		{"trailing comma", raw(one[:len(one)-1]+",}", 8), `need '"'`},
		{"no colon", raw(`{"w"{}}`, 0), "need ':'"},
		{"not UTF-8", raw("{\"\xff\":{}}", 0), "offset 10: the header is not UTF-8"},
		{"control character", raw("{\"a\nb\":{}}", 0), "offset 11: control character"},
		{"unfinished string", raw(`{"w`, 0), "the header ends in a string"},
		{"unfinished escape", raw(`{"w\`, 0), "the header ends in a string"},
		{"bad escape", raw(`{"\x":{}}`, 0), "an escape in a string is not valid"},
		{"half a surrogate pair", raw(`{"\ud800":{}}`, 0), "an escape in a string is not valid"},
		{"the other half", raw(`{"\udc00":{}}`, 0), "an escape in a string is not valid"},
		{"two high halves", raw(`{"\ud800\ud800\udc00":{}}`, 0), "an escape in a string is not valid"},
		{"tensor is a number", raw(`{"w":1}`, 0), "offset 13: need '{'"},
		{"no keys", raw(`{"w":{}}`, 0), `tensor "w": need dtype, shape and data_offsets`},
		{"no shape", raw(`{"w":{"dtype":"F32","data_offsets":[0,0]}}`, 0), "need dtype, shape and data_offsets"},
		{"unknown key", raw(`{"w":{"stride":1}}`, 0), `tensor "w": unknown key "stride"`},
		{"dtype twice", raw(`{"w":{"dtype":"F32","dtype":"F32"}}`, 0), "dtype is there twice"},
		{"dtype is a number", raw(`{"w":{"dtype":1}}`, 0), `need '"'`},
		{"unknown dtype", raw(tensor("F33", "[2]", "[0,8]"), 8), `tensor "w": unknown dtype "F33"`},
		{"tensor twice", raw(one[:len(one)-1]+","+one[1:], 8), `tensor "w" is there twice`},
		{"tensor twice, escaped", raw(one[:len(one)-1]+","+strings.Replace(one[1:], "w", `\u0077`, 1), 8), `tensor "w" is there twice`},
		{"metadata twice", raw(`{"__metadata__":{},"__metadata__":{}}`, 0), "__metadata__ is there twice"},
		{"metadata key twice", raw(meta(`{"a":"1","a":"2"}`), 0), `metadata "a" is there twice`},
		{"metadata of 4097 entries", raw(meta(entries(4097)), 0), "more than 4096 entries of metadata"},
		{"metadata number", raw(meta(`{"a":1}`), 0), "need '\"'"},
		{"metadata null", raw(meta(`null`), 0), "need '{'"},
		{"shape null", raw(tensor("F32", "null", "[0,0]"), 0), "need '['"},
		{"negative dimension", raw(tensor("F32", "[-2]", "[0,8]"), 8), "need an integer from 0"},
		{"fraction", raw(tensor("F32", "[2.0]", "[0,8]"), 8), "need ','"},
		{"leading zero", raw(tensor("F32", "[02]", "[0,8]"), 8), "need an integer from 0"},
		{"dimension over int64", raw(tensor("F32", "[9223372036854775808]", "[0,8]"), 8), "need an integer from 0"},
		{"shape overflows", raw(tensor("F32", "[4294967296,4294967296]", "[0,8]"), 8), "is too large"},
		{"shape overflows, times zero", raw(tensor("F32", "[4294967296,4294967296,0]", "[0,0]"), 0), "is too large"},
		{"nine dimensions", raw(tensor("F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8), "more than 8 dimensions"},
		{"one offset", raw(tensor("F32", "[2]", "[8]"), 8), "need two data_offsets"},
		{"three offsets", raw(tensor("F32", "[2]", "[0,8,9]"), 8), "need two data_offsets"},
		{"offsets backwards", raw(tensor("F32", "[2]", "[8,0]"), 8), "run backwards"},
		{"too few bytes", raw(tensor("F32", "[2]", "[0,4]"), 4), `tensor "w": 4 bytes for F32 of shape [2]`},
		{"hole before", raw(tensor("F32", "[2]", "[4,12]"), 12), `tensor "w" begins at 4 of the buffer and leaves a hole after 0`},
		{"hole between", raw(pair("[0,4]", "[8,12]"), 12), `tensor "b" begins at 8 of the buffer and leaves a hole after 4`},
		{"overlap", raw(pair("[0,4]", "[2,6]"), 6), `tensor "b" begins at 2 of the buffer and overlaps the one before, which ends at 4`},
		{"same place", raw(pair("[0,4]", "[0,4]"), 4), "overlaps"},
		{"buffer too short", raw(one, 7), `tensor "w" ends at 8 of the buffer, which has 7 bytes: is the file cut off?`},
		{"buffer too long", raw(one, 9), "the tensors end at 8 of the buffer, which has 9 bytes"},
		{"buffer and no tensors", raw("{}", 4), "the tensors end at 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(c.content)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %v\nwant one line with %s", err, c.want)
			}
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%v is not ErrFormat", err)
			}
		})
	}
}

// Every other type of the format is understood and refused by name.
func TestReadOtherTypes(t *testing.T) {
	for dtype, bits := range dtypeBits {
		header := fmt.Sprintf(`{"w":{"dtype":%q,"shape":[8],"data_offsets":[0,%d]}}`, dtype, bits)
		_, err := parse(raw(header, int(bits)))
		if dtype == "F32" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if !errors.Is(err, ErrUnsupported) || errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), `"w": dtype `+dtype) {
			t.Errorf("%s: error %v", dtype, err)
		}
	}
	// 3 elements of 4 bits are no whole number of bytes.
	if _, err := parse(raw(`{"w":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}`, 1)); !errors.Is(err, ErrFormat) {
		t.Errorf("error %v", err)
	}
}

// What another writer may do and Write does not.
func TestReadForeign(t *testing.T) {
	header := "{ \"b\" : { \"data_offsets\" : [ 4 , 12 ] ,\n\t\"shape\" : [ 1 , 2 ] , \"dtype\" : \"F32\" } , " +
		`"\u00e4\ud83d\ude00\\u\"\/":{"dtype":"F32","shape":[],"data_offsets":[0,4]},` +
		`"none":{"dtype":"F32","shape":[7,0],"data_offsets":[4,4]},"__metadata__":{"\\ud800":"\ufffd","":""}}   `
	content := raw(header, 0)
	for _, v := range []float32{1.5, float32(math.Inf(-1)), -0.25} {
		content = binary.LittleEndian.AppendUint32(content, math.Float32bits(v))
	}
	got, err := parse(content)
	if err != nil {
		t.Fatal(err)
	}
	want := &File{
		Metadata: map[string]string{`\ud800`: "\ufffd", "": ""},
		Tensors: []Tensor{
			{Name: "b", Shape: []int{1, 2}, Data: []float32{float32(math.Inf(-1)), -0.25}},
			{Name: "none", Shape: []int{7, 0}, Data: []float32{}},
			{Name: `ä😀\u"/`, Data: []float32{1.5}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v\nwant %#v", got, want)
	}
}

// r fails, ends early or goes on beyond size.
func TestReadReaders(t *testing.T) {
	content := raw(one, 8)
	size := int64(len(content))
	if _, err := Read(iotest.OneByteReader(bytes.NewReader(content)), size); err != nil {
		t.Errorf("byte by byte: %v", err)
	}
	for n := range content {
		_, err := Read(bytes.NewReader(content[:n]), size)
		if !errors.Is(err, ErrFormat) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut off after %d of %d bytes: error %v", n, size, err)
		}
	}
	for _, n := range []int{0, 5, 8, 20, len(content) - 8, len(content)} {
		cause := errors.New("the disk is on fire")
		r := io.MultiReader(bytes.NewReader(content[:n]), iotest.ErrReader(cause))
		if _, err := Read(r, size); !errors.Is(err, cause) {
			t.Errorf("after %d bytes: error %v, want the reader's", n, err)
		}
	}
	if _, err := Read(bytes.NewReader(append(content, 0)), size); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("one byte too many: error %v", err)
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if _, err := ReadFile(path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("missing file: error %v", err)
	}
	if _, err := ReadFile(filepath.Dir(path)); !errors.Is(err, ErrFormat) {
		t.Errorf("folder: error %v", err)
	}
	if err := os.WriteFile(path, raw(one, 7), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), path) {
		t.Errorf("cut off: error %v", err)
	}
	if err := os.WriteFile(path, raw(one, 8), 0o600); err != nil {
		t.Fatal(err)
	}
	if file, err := ReadFile(path); err != nil || len(file.Tensors) != 1 {
		t.Errorf("got %v, %v", file, err)
	}
}

// allocated returns the bytes that do allocates, garbage included.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// The files that cost most for their size: they must not cost more than 4 times
// that, and 1 MiB.
func TestReadAllocation(t *testing.T) {
	many := func(format string) string {
		var b strings.Builder
		b.WriteString("{")
		for i := range 20_000 {
			if i > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String() + "}"
	}
	empty := many(`"%x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`)
	for name, content := range map[string][]byte{
		"many empty tensors":       raw(empty, 0),
		"many dimensions":          raw(many(`"%x":{"dtype":"F32","shape":[0,1,1,1,1,1,1,1],"data_offsets":[0,0]}`), 0),
		"offsets spelt":            raw(strings.ReplaceAll(empty, "data_offsets", `data\u005foffsets`), 0),
		"claims":                   raw(`{"`+strings.Repeat(`"data_offsets"`, 50_000), 0),
		"much data":                raw(`{"w":{"dtype":"F32","shape":[1000000],"data_offsets":[0,4000000]}}`, 4_000_000),
		"data that is missing":     raw(`{"w":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}`, 8),
		"a header that is missing": append(binary.LittleEndian.AppendUint64(nil, 90_000_000), '{'),
		"metadata":                 raw(strings.Replace(many(`"%05x":""`), "{", `{"__metadata__":{`, 1)+"}", 0),
		"escapes":                  raw(`{"__metadata__":{"a":"`+strings.Repeat(`\u0041`, 100_000)+`"}}`, 0),
	} {
		limit := uint64(4*len(content) + 1<<20)
		if got := allocated(func() { _, _ = parse(content) }); got > limit {
			t.Errorf("%s: %d bytes allocated for a file of %d, limit %d", name, got, len(content), limit)
		}
	}
}
