package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func sections() []Section {
	return []Section{
		{Name: "config", Bytes: []byte(`{"rate":0.1}`)},
		{Name: "theta", Floats: [][]float32{{1, -2}, nil, {float32(math.Inf(1))}}},
		{Name: "empty"},
	}
}

func encoded(t testing.TB, list []Section) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, list); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sealed ends a body with the SHA-256 that belongs to it.
func sealed(body []byte) []byte {
	sum := sha256.Sum256(body)
	return append(slices.Clone(body), sum[:]...)
}

func head(version uint32) []byte {
	return binary.LittleEndian.AppendUint32([]byte("\x89clprop\n"), version)
}

// The bytes of a file, written by hand from the table in doc.go. CRC-32C of
// 01 61 02 00 00 00 00 00 00 00 68 69 was computed bit by bit, see crc.
func TestFormat(t *testing.T) {
	section := []byte{1, 'a', 2, 0, 0, 0, 0, 0, 0, 0, 'h', 'i'}
	section = binary.LittleEndian.AppendUint32(section, crc(section))
	want := sealed(append(head(1), section...))
	if got := encoded(t, []Section{{Name: "a", Bytes: []byte("hi")}}); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	if got := crc([]byte("123456789")); got != 0xe3069283 { // the check value of CRC-32C
		t.Errorf("crc %x", got)
	}
}

// Values need not be there before Await was called for them, and its error ends Write.
func TestAwait(t *testing.T) {
	want := encoded(t, []Section{{Name: "theta", Floats: [][]float32{{1, 2}, {3}}}})
	section, called := Section{Name: "theta", Floats: [][]float32{make([]float32, 2), make([]float32, 1)}}, 0
	section.Await = func(i int) error {
		if i != called {
			t.Errorf("slice %d awaited, want %d", i, called)
		}
		called++
		copy(section.Floats[i], [][]float32{{1, 2}, {3}}[i])
		return nil
	}
	if got := encoded(t, []Section{section}); !bytes.Equal(got, want) || called != 2 {
		t.Errorf("got  %x\nwant %x after %d calls", got, want, called)
	}
	lost := errors.New("lost")
	section.Await = func(int) error { return lost }
	if err := Write(&bytes.Buffer{}, []Section{section}); err != lost {
		t.Errorf("error %v, want that of Await", err)
	}
}

// crc is CRC-32C by its definition: division by the polynomial, bits reversed.
func crc(content []byte) uint32 {
	c := ^uint32(0)
	for _, b := range content {
		c ^= uint32(b)
		for range 8 {
			c = c>>1 ^ 0x82f63b78*(c&1)
		}
	}
	return ^c
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c")
	if err := os.WriteFile(path, encoded(t, sections()), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Names(); !slices.Equal(got, []string{"config", "theta", "empty"}) {
		t.Errorf("names %q", got)
	}
	if got, ok := f.Section("config"); !ok || string(got) != `{"rate":0.1}` {
		t.Errorf("config %q", got)
	}
	if got, ok := f.Section("empty"); !ok || len(got) != 0 {
		t.Errorf("empty %q %v", got, ok)
	}
	if _, ok := f.Section("none"); ok {
		t.Error("a section that is not there")
	}
	a, b := make([]float32, 2), make([]float32, 1)
	if err := f.Floats("theta", a, b); err != nil || a[0] != 1 || a[1] != -2 || !math.IsInf(float64(b[0]), 1) {
		t.Errorf("theta %v %v (%v)", a, b, err)
	}
	for _, err := range []error{f.Floats("theta", a), f.Floats("none", a)} {
		if err == nil {
			t.Error("values of another number are taken")
		}
	}
}

// Whatever byte changes, to whatever value, and wherever a file is cut or
// goes on, it is noticed. A changed file is never one of a newer program.
func TestEveryDamageIsFound(t *testing.T) {
	good := encoded(t, sections())
	damaged := func(content []byte, what string) {
		t.Helper()
		if _, err := Parse(content); !errors.Is(err, ErrDamaged) || errors.Is(err, ErrVersion) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range good {
		for _, change := range []byte{0x01, 0x80, 0xff, good[i]} {
			bad := slices.Clone(good)
			if bad[i] ^= change; change != 0 {
				damaged(bad, fmt.Sprintf("byte %d ^ %#x", i, change))
			}
		}
		damaged(good[:i], fmt.Sprintf("cut to %d", i))
	}
	damaged(append(slices.Clone(good), 0), "a byte more")
	bad := slices.Clone(good)
	bad[bytes.Index(bad, []byte("rate"))] ^= 1
	if _, err := Parse(bad); err == nil || !strings.Contains(err.Error(), `section "config" is not as it was written`) {
		t.Errorf("got %v, want the section named", err)
	}
}

// What a stranger can make and seal with the right SHA-256.
func TestHostileFiles(t *testing.T) {
	section := func(name string, n uint64, content string) []byte {
		b := append([]byte{byte(len(name))}, name...)
		b = append(binary.LittleEndian.AppendUint64(b, n), content...)
		return binary.LittleEndian.AppendUint32(b, crc(b))
	}
	many := head(1)
	for i := range maxSections + 1 {
		many = append(many, section(fmt.Sprint(i), 0, "")...)
	}
	for name, c := range map[string]struct {
		content []byte
		want    error
		text    string
	}{
		"newer":     {sealed(head(2)), ErrVersion, "version 2, this program reads up to 1: use a newer clprop"},
		"zero":      {sealed(head(0)), ErrDamaged, "version 0"},
		"no name":   {sealed(append(head(1), section("", 0, "")...)), ErrDamaged, "no head"},
		"short":     {sealed(append(head(1), 3, 'a')), ErrDamaged, "no head"},
		"huge":      {sealed(append(head(1), section("a", math.MaxUint64, "")...)), ErrDamaged, "beyond the end"},
		"over":      {sealed(append(head(1), section("a", 1, "")...)), ErrDamaged, "beyond the end"},
		"no crc":    {sealed(append(head(1), 1, 'a', 0, 0, 0, 0, 0, 0, 0, 0)), ErrDamaged, "beyond the end"},
		"wrong crc": {sealed(append(head(1), 1, 'a', 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4)), ErrDamaged, `"a" is not as it was written`},
		"twice":     {sealed(append(head(1), append(section("a", 0, ""), section("a", 0, "")...)...)), ErrDamaged, `two sections "a"`},
		"many":      {sealed(many), ErrDamaged, "more than 1000 sections"},
		"other":     {sealed([]byte("something else altogether")), ErrDamaged, "does not begin as one"},
	} {
		if _, err := Parse(c.content); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want %v with %q", name, err, c.want, c.text)
		}
	}
	if f, err := Parse(sealed(head(1))); err != nil || len(f.Names()) != 0 {
		t.Errorf("no sections: %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Read(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) || errors.Is(err, ErrDamaged) {
		t.Errorf("no file: %v", err)
	}
	if _, err := os.Stat("/dev/zero"); err == nil {
		if _, err := Read("/dev/zero"); !errors.Is(err, ErrDamaged) {
			t.Errorf("an endless file: %v", err)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, list := range [][]Section{{{}}, {{Name: strings.Repeat("a", 256)}}, {{Name: "a"}, {Name: "a"}}} {
		if err := Write(&bytes.Buffer{}, list); err == nil {
			t.Errorf("%.20v is written", list)
		}
	}
}

// What Parse accepts, Write writes back to the same bytes; and Parse allocates no
// more than the rule for all readers allows, 4 × the file + 1 MiB.
func FuzzParse(f *testing.F) {
	f.Add(encoded(f, sections()))
	f.Add(encoded(f, nil))
	f.Add(head(2))
	f.Add(append(head(1), 3, 'a', 'b', 'c', 255, 255, 255, 255, 255, 255, 255, 255))
	f.Fuzz(func(t *testing.T, content []byte) {
		// A fuzzer does not find a SHA-256, so it gets one for free.
		for _, content := range [][]byte{content, sealed(content)} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			file, err := Parse(content)
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 4*uint64(len(content))+1<<20 {
				t.Fatalf("%d bytes for a file of %d", grown, len(content))
			}
			if err != nil {
				continue
			}
			var list []Section
			for _, name := range file.Names() {
				b, _ := file.Section(name)
				list = append(list, Section{Name: name, Bytes: b})
			}
			if again := encoded(t, list); !bytes.Equal(again, content) {
				t.Fatalf("%q became %q", content, again)
			}
		}
	})
}

func ExampleWrite() {
	var b bytes.Buffer
	err := Write(&b, []Section{{Name: "position", Bytes: []byte("epoch 3")}, {Name: "theta", Floats: [][]float32{{0.5, -1}}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := Parse(b.Bytes())
	if err != nil {
		fmt.Println(err)
		return
	}
	theta := make([]float32, 2)
	fmt.Println(f.Names(), f.Floats("theta", theta), theta)
	b.Bytes()[20] ^= 1
	_, err = Parse(b.Bytes())
	fmt.Println(err)
	// Output:
	// [position theta] <nil> [0.5 -1]
	// damaged checkpoint: section "positioo" is not as it was written
}
