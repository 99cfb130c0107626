package data

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// agree compares parseNumber with strconv, to the bit but for −0.
func agree(t *testing.T, s string) {
	t.Helper()
	x, ok := parseNumber([]byte(s))
	want, err := strconv.ParseFloat(s, 64)
	if !ok || err != nil || math.Float64bits(x) != math.Float64bits(want+0) {
		t.Errorf("%q is %v (%v), strconv says %v (%v)", s, x, ok, want, err)
	}
}

// What stands behind a number changes neither its value nor its length, and shortNumber takes
// all that it is made for.
func TestNumbersEnd(t *testing.T) {
	ends := []string{"", ",", ";", "\t", " ", "\r\n", "x", "/", ":", "-", "\x10", "\xb0", "\xff", ",9876543210.98765432"}
	for _, sign := range []string{"", "-"} {
		for digits := range 10 {
			for places := range 10 {
				for _, end := range ends {
					s := sign + "001234567"[:digits] + "."[:min(places, 1)] + "708901234"[:places]
					want, err := strconv.ParseFloat(s, 64)
					x, n, exact := scanNumber([]byte(s + end))
					if exact != (digits+places > 0) || exact && (err != nil || n != len(s) || math.Float64bits(x) != math.Float64bits(want+0)) {
						t.Fatalf("%q: %v of %d bytes (%v), want %v", s+end, x, n, exact, want)
					}
					short, n := shortNumber([]byte(s + end))
					made := places > 0 && digits+places < 8 && len(s+end) >= 9
					if made && (n != len(s) || short != x) || !made && n == len(s) && n > 0 && short != x {
						t.Fatalf("%q: %v of %d bytes, want %v", s+end, short, n, x)
					}
				}
			}
		}
	}
	if x, n := shortNumber([]byte(".,123456789")); n != 0 {
		t.Errorf("a point is %v", x)
	}
}

// jsonNumber takes what encoding/json takes, to the same bits, and nothing else.
func FuzzJSONNumber(f *testing.F) {
	for _, s := range []string{"1.5,2", "-0]", "01", "1.", ".5", "-", "+1", "1e5", "1.e5", "12345678901234567,", "0.1234567890123,", "123456789,", "-0.5e-3 ", "1..2", "00.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, n := jsonNumber([]byte(s))
		if n == 0 {
			return
		}
		var want float64
		if err := json.Unmarshal([]byte(s[:n]), &want); err != nil || math.Float64bits(x) != math.Float64bits(want+0) {
			t.Errorf("%q: %v, encoding/json says %v (%v)", s[:n], x, want, err)
		}
	})
}

func TestNumbersAreExact(t *testing.T) {
	for _, s := range []string{"0", "-0", "0.1", "9007199254740992", "9007199254740993", "0.3e1", "1e22", "1e23", "123e-22", "1e-23",
		"9999999999999999999", "18446744073709551616", "179769313486231570000e288", "4.9e-324", "2.2250738585072011e-308", "00001.50", "1e0005", "1e00005"} {
		agree(t, s)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		bits := math.Float64frombits(r.Uint64())
		for _, x := range []float64{bits, r.NormFloat64(), float64(r.Int64N(1 << 54)), math.Round(r.Float64()*1e6) / 1e4} {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				continue
			}
			agree(t, strconv.FormatFloat(x, "efg"[r.IntN(3)], r.IntN(20)-1, 64))
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"1.5", "-1e-7", "1e400", "0x1p2", "1_0", ".", "9007199254740993", "inf"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, ok := parseNumber([]byte(s))
		if !ok {
			return
		}
		want, err := strconv.ParseFloat(s, 64)
		if err != nil || math.Float64bits(x) != math.Float64bits(want+0) {
			t.Fatalf("%q is %v, strconv says %v (%v)", s, x, want, err)
		}
		if again, ok := parseNumber([]byte(spell(x))); !ok || again != x {
			t.Fatalf("%v is spelled %s, which is %v", x, spell(x), again)
		}
	})
}
