package data

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// agree compares parseNumber with strconv, to the bit but for −0, and so what the readers of
// eight digits at once take whole.
func agree(t *testing.T, s string) {
	t.Helper()
	x, ok := parseNumber([]byte(s))
	want, err := strconv.ParseFloat(s, 64)
	if !ok || err != nil || math.Float64bits(x) != math.Float64bits(want+0) {
		t.Errorf("%q is %v (%v), strconv says %v (%v)", s, x, ok, want, err)
	}
	for name, read := range atOnce {
		x, n := read([]byte(s + ",1234567.01234567890123456789012345678901234"))
		if n == len(s) && math.Float64bits(x) != math.Float64bits(want+0) {
			t.Errorf("%s: %q is %v, strconv says %v", name, s, x, want)
		}
	}
}

// atOnce are the readers of eight digits at once.
var atOnce = map[string]func(b []byte) (x float64, n int){"plain": plainNumber, "whole": wholeNumber, "short": shortNumber, "long": longNumber}

// What stands behind a number changes neither its value nor its length, and shortNumber and
// longNumber take all that they are made for.
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
					long, n := longNumber([]byte(s + end + strings.Repeat("/", longBytes)))
					if made := exact && digits < 8; made != (n == len(s) && n > 0) || made && long != x {
						t.Fatalf("%q: %v of %d bytes, want %v", s+end, long, n, x)
					}
				}
			}
		}
	}
	for _, s := range []string{".", "-", "-."} {
		for name, read := range atOnce {
			if x, n := read([]byte(s + ",123456789012345678901234567890123456789012345")); n != 0 {
				t.Errorf("%s: %q is %v", name, s, x)
			}
		}
	}
}

// longNumber takes places up to 19 and no more, zeros in front not counted, and rounds as
// strconv does what lies half way between two float64.
func TestLongNumbers(t *testing.T) {
	for s, takes := range map[string]bool{
		"0.1234567890123456789": true, "-0.0000000000000000001": true, "0.12345678901234567890": false, "0.999999999999999999999999": false,
		"1.234567890123456789": true, "1.2345678901234567890": false, "9999999.123456789012": true, "9999999.1234567890123": false,
		"0.5000000000000000000": true, "1.000000000000000000": true, "0.0000000000000000000": true, "1.999999999999999999": true,
		"4503.599627370497500": true, "4503.599627370498500": true, "9007.199254740993": true, "9007199.254740993": true, "9007199.254740994999": true,
		"1.5e0": true, "1.5E+22": true, "-1.5e-4": true, "1.234567890123456789e-09": true, "1.234567890123456789e-10": false, "15e22": true, "15e23": false,
		"0e-22": true, "0.0e-9999": false, "1e+0001": true, "1e00001": false, "1.7976931348623157e+04": true, "1.5e+": false, "1.5e": false, "1.5e+-1": false,
	} {
		x, n := longNumber([]byte(s + strings.Repeat(",", longBytes)))
		want, err := strconv.ParseFloat(s, 64)
		if takes != (n == len(s)) || takes && (err != nil || x != want) {
			t.Errorf("%s: %v of %d bytes, want %v (%v)", s, x, n, want, err)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 100000 {
		agree(t, strconv.FormatFloat(math.Ldexp(r.NormFloat64(), r.IntN(24)-8), 'f', 1+r.IntN(19), 64))
	}
}

// What a table holds is what strconv reads from its cells, whatever forms a column mixes, and at
// the end of the file too, where nothing is behind a row.
func TestColumnsOfNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	spell := []func() string{
		func() string { return strconv.Itoa(r.IntN(256)) },
		func() string { return strconv.Itoa(r.IntN(2000) - 1000) },
		func() string { return strconv.FormatInt(r.Int64N(1<<r.IntN(62)), 10) },
		func() string { return strconv.FormatFloat(100*r.NormFloat64(), 'f', r.IntN(8), 64) },
		func() string { return strconv.FormatFloat(r.NormFloat64(), 'g', -1, 64) },
		func() string { return strconv.FormatFloat(float64(float32(r.NormFloat64())), 'g', -1, 32) },
		func() string { return strconv.FormatFloat(r.NormFloat64(), 'e', 18, 64) },
		func() string { return " " + strconv.FormatFloat(r.NormFloat64(), 'e', 4, 64) + " " },
	}
	const rows = 500
	for _, comma := range []string{",", ";", "\t", "|"} {
		var text strings.Builder
		var want []float64
		for range rows {
			for j := range len(spell) + 1 {
				k := j
				if j == len(spell) || r.IntN(20) == 0 {
					k = r.IntN(len(spell))
				}
				s := spell[k]()
				x, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, x+0)
				text.WriteString([]string{"", comma}[min(j, 1)] + s)
			}
			text.WriteString("\n")
		}
		for _, end := range []string{"\n", "", "\r\n"} {
			table := read(t, strings.TrimSuffix(text.String(), "\n")+end, Options{Header: NoHeader})
			for k, x := range want {
				i, j := k/(len(spell)+1), k%(len(spell)+1)
				if c := table.at(i, j); !c.isNumber() || math.Float64bits(c.number()) != math.Float64bits(x) {
					t.Fatalf("separator %q, row %d, column %d: %v, want %v", comma, i, j, c.number(), x)
				}
			}
		}
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
	for _, s := range []string{"1.5", "-1e-7", "1e400", "0x1p2", "1_0", ".", "9007199254740993", "inf", "-0.12345678901234567", "1.234567890123456789e-09", "1e+-1", "1.e5", "1234567.123456789012"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, read := range atOnce {
			b := []byte(s + ",1234567.01234567890123456789012345678901234")
			if x, n := read(b); n > 0 && n <= len(s) {
				if want, err := strconv.ParseFloat(string(b[:n]), 64); err != nil || math.Float64bits(x) != math.Float64bits(want+0) {
					t.Fatalf("%s: %q is %v, strconv says %v (%v)", name, b[:n], x, want, err)
				}
			}
		}
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
