package safetensors

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A file written out by hand, from the format's description.
func TestWriteBytes(t *testing.T) {
	file := &File{
		Metadata: map[string]string{"b": "<&>", "a": "1"},
		Tensors: []Tensor{
			{Name: "w", Shape: []int{2, 1}, Data: []float32{1, -2}},
			{Name: "b", Data: []float32{0.5}},
		},
	}
	header := `{"__metadata__":{"a":"1","b":"<&>"},` +
		`"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]},` +
		`"w":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]}}`
	// Spaces, so that the buffer begins at a multiple of 8.
	want := raw(header+strings.Repeat(" ", (8-len(header)%8)%8), 0)
	want = append(want, 0, 0, 0, 0x3f) // 0.5
	want = append(want, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0)
	var got bytes.Buffer
	if err := Write(&got, file); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got  %q\nwant %q", got.Bytes(), want)
	}
	if file.Tensors[0].Name != "w" {
		t.Error("Write sorted the caller's tensors")
	}
}

func TestWriteBadContent(t *testing.T) {
	for want, tensors := range map[string][]Tensor{
		`tensor "w" is there twice`:              {{Name: "w", Data: []float32{1}}, {Name: "w", Data: []float32{1}}},
		`tensor "__metadata__": not a possible`:  {{Name: "__metadata__", Data: []float32{1}}},
		`tensor "\xff": not a possible name`:     {{Name: "\xff", Data: []float32{1}}},
		`tensor "w": 1 values for shape [2]`:     {{Name: "w", Shape: []int{2}, Data: []float32{1}}},
		`tensor "w": dimension -1 is negative`:   {{Name: "w", Shape: []int{-1}}},
		`tensor "w": 9 dimensions, at most 8`:    {{Name: "w", Shape: make([]int, 9)}},
		`tensor "w": shape [2147483647 21474836`: {{Name: "w", Shape: []int{math.MaxInt32, math.MaxInt32, math.MaxInt32}}},
	} {
		var b bytes.Buffer
		err := Write(&b, &File{Tensors: tensors})
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("error %v after %d bytes, want %s", err, b.Len(), want)
		}
	}
	if err := Write(&bytes.Buffer{}, &File{Metadata: map[string]string{"a": "\xff"}}); !errors.Is(err, ErrFormat) {
		t.Errorf("metadata not UTF-8: error %v", err)
	}
}

// limited fails after n bytes.
type limited struct{ n int }

var errFull = errors.New("full")

func (l *limited) Write(b []byte) (int, error) {
	if len(b) > l.n {
		return l.n, errFull
	}
	l.n -= len(b)
	return len(b), nil
}

func TestWriteFailingWriter(t *testing.T) {
	file := &File{Tensors: []Tensor{{Name: "w", Shape: []int{2}, Data: []float32{1, 2}}}}
	for n := range 72 { // 8 bytes, a header of 54 padded to 56, and 8
		if err := Write(&limited{n}, file); !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: error %v", n, err)
		}
	}
	if err := Write(&limited{72}, file); err != nil {
		t.Errorf("room for all 72 bytes: error %v", err)
	}
}

// sameBits compares as bits, so that NaN equals itself and 0 not −0.
func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file := &File{Metadata: rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "metadata")}
		names := rapid.SliceOfDistinct(rapid.String().Filter(func(s string) bool { return s != metadata }), rapid.ID[string]).Draw(t, "names")
		for _, name := range names {
			shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 4).Draw(t, "shape")
			n, err := elements(shape)
			if err != nil {
				t.Fatal(err)
			}
			data := make([]float32, n)
			for i := range data {
				data[i] = math.Float32frombits(rapid.Uint32().Draw(t, "value"))
			}
			file.Tensors = append(file.Tensors, Tensor{name, shape, data})
		}
		var b bytes.Buffer
		if err := Write(&b, file); err != nil {
			t.Fatal(err)
		}
		got, err := parse(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got.Metadata) != fmt.Sprint(file.Metadata) || len(got.Tensors) != len(file.Tensors) {
			t.Fatalf("got %v", got)
		}
		slices.SortFunc(file.Tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
		for i, want := range file.Tensors {
			if g := got.Tensors[i]; g.Name != want.Name || !slices.Equal(g.Shape, want.Shape) || !sameBits(g.Data, want.Data) {
				t.Fatalf("got %v, want %v", g, want)
			}
		}
		var again bytes.Buffer
		if err := Write(&again, got); err != nil || !bytes.Equal(again.Bytes(), b.Bytes()) {
			t.Fatalf("written again it differs (%v)", err)
		}
	})
}

func ExampleWrite() {
	var b bytes.Buffer
	err := Write(&b, &File{Tensors: []Tensor{{Name: "0.bias", Shape: []int{3}, Data: []float32{1, 2, 3}}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := Read(&b, int64(b.Len()))
	fmt.Println(file.Tensors, err)
	// Output: [{0.bias [3] [1 2 3]}] <nil>
}
