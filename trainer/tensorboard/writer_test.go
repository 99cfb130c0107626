package tensorboard

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/trainer"
)

type closing struct{ *bytes.Buffer }

func (closing) Close() error { return nil }

// sum is the masked CRC-32C bit by bit, by the polynomial of Castagnoli.
func sum(data []byte) uint32 {
	c := ^uint32(0)
	for _, b := range data {
		c ^= uint32(b)
		for range 8 {
			c = c>>1 ^ 0x82f63b78*(c&1)
		}
	}
	c = ^c
	return (c>>15 | c<<17) + 0xa282ead8
}

// records cuts a file into its records, and checks their sums.
func records(t *testing.T, file []byte) (list [][]byte) {
	t.Helper()
	for len(file) > 0 {
		n := binary.LittleEndian.Uint64(file)
		if got := binary.LittleEndian.Uint32(file[8:]); got != sum(file[:8]) {
			t.Fatalf("sum of a length is %x, want %x", got, sum(file[:8]))
		}
		data := file[12 : 12+n]
		if got := binary.LittleEndian.Uint32(file[12+n:]); got != sum(data) {
			t.Fatalf("sum of data is %x, want %x", got, sum(data))
		}
		list, file = append(list, data), file[16+n:]
	}
	return list
}

// The bytes of a file, by hand: field f of wire type w begins with f·8+w. The length 24
// with its sum is how files of TensorFlow begin.
func TestBytes(t *testing.T) {
	var b bytes.Buffer
	w := newWriter(closing{&b}, func() time.Time { return time.Unix(1, 5e8) })
	w.Scalars(300, Scalar{"loss", 0.5})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if begin := []byte("\x18\x00\x00\x00\x00\x00\x00\x00\xa3\x7fK\""); !bytes.HasPrefix(b.Bytes(), begin) {
		t.Errorf("it begins with %q", b.Bytes()[:12])
	}
	at := "\x09\x00\x00\x00\x00\x00\x00\xf8\x3f" // wall_time 1.5
	want := [][]byte{
		[]byte(at + "\x1a\x0dbrain.Event:2"),
		// step 300 is 0xac 0x02 as a varint; the summary has 13 bytes, its value 11
		[]byte(at + "\x10\xac\x02" + "\x2a\x0d" + "\x0a\x0b" + "\x0a\x04loss" + "\x15\x00\x00\x00\x3f"),
	}
	if got := records(t, b.Bytes()); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// An epoch becomes the numbers that it has.
func TestEpoch(t *testing.T) {
	var b bytes.Buffer
	w := newWriter(closing{&b}, time.Now)
	w.Epoch(trainer.Epoch{Epoch: 1, Loss: 2, Rate: 0.1}, false)
	w.Epoch(trainer.Epoch{Epoch: 2, Loss: 1, Accuracy: 0.75, Validated: true, ValLoss: 3, ValAccuracy: 0.5}, true)
	list := records(t, b.Bytes())
	for tag, in := range map[string][2]bool{
		"loss/train": {true, true}, "cost": {true, true}, "learning_rate": {true, true}, "accuracy/train": {false, true},
		"loss/validation": {false, true}, "accuracy/validation": {false, true},
	} {
		for i := range in {
			if bytes.Contains(list[1+i], []byte(tag)) != in[i] {
				t.Errorf("epoch %d, %s: want %v", i+1, tag, in[i])
			}
		}
	}
	three := binary.LittleEndian.AppendUint32(nil, math.Float32bits(3))
	if !bytes.Contains(list[2], append([]byte("loss/validation\x15"), three...)) {
		t.Errorf("%q", list[2])
	}
}

// Two runs in one folder have a file each or share one that is whole; a folder that cannot
// be made is an error, and a full disk one at the end.
func TestFiles(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	w, err := New(folder)
	if err != nil {
		t.Fatal(err)
	}
	w.Scalars(1, Scalar{"x", 1})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "events.out.tfevents.*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil || len(records(t, text)) != 2 {
		t.Errorf("%v, %q", err, text)
	}
	if _, err := New(filepath.Join(files[0], "c")); err == nil || !strings.Contains(err.Error(), "events.out") {
		t.Error(err)
	}
	full := errors.New("full")
	if err := newWriter(failing{full}, time.Now).Close(); !errors.Is(err, full) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
func (f failing) Close() error              { return nil }
