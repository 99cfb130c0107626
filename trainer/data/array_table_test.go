package data

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// floats are n rows of 5 numbers: four inputs, one of them missing now and then, and a class.
func floats(n int) (values []float64) {
	for i := range n {
		row := []float64{float64(i), 1 / float64(i+1), math.Copysign(0, -1), float64(i%7) * 1e9, float64(i * i % 3)}
		if i%10 == 4 {
			row[3] = math.NaN()
		}
		values = append(values, row...)
	}
	return values
}

func floatBytes(values []float64, size int, order binary.AppendByteOrder) (b []byte) {
	for _, v := range values {
		if size == 4 {
			b = order.AppendUint32(b, math.Float32bits(float32(v)))
		} else {
			b = order.AppendUint64(b, math.Float64bits(v))
		}
	}
	return b
}

// A mapped array of numbers becomes what a table of them does, bit for bit: what is learned,
// inputs, labels, the split; of any kind of number, with labels within it or beside it, raw
// or with a header.
func TestMappedNumbers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files are read there")
	}
	const n = 5000
	values := floats(n)
	labels := make([]byte, n)
	for i := range labels {
		labels[i] = byte(i % 4)
	}
	beside := writeFile(t, "y.npy", rawNPY("|u1", "False", fmt.Sprintf("(%d,)", n), labels))
	shape := fmt.Sprintf("(%d, 5)", n)
	for name, c := range map[string]struct {
		path string
		opts Options
	}{
		"float32":     {writeFile(t, "x.npy", rawNPY("<f4", "False", shape, floatBytes(values, 4, binary.LittleEndian))), Options{}},
		"float64":     {writeFile(t, "x.npy", rawNPY("<f8", "False", shape, floatBytes(values, 8, binary.LittleEndian))), Options{}},
		"big-endian":  {writeFile(t, "x.npy", rawNPY(">f4", "False", shape, floatBytes(values, 4, binary.BigEndian))), Options{}},
		"labels":      {writeFile(t, "x.npy", rawNPY("<f4", "False", shape, floatBytes(values, 4, binary.LittleEndian))), Options{Labels: beside}},
		"quantity":    {writeFile(t, "x.npy", rawNPY("<f4", "False", shape, floatBytes(values, 4, binary.LittleEndian))), Options{Label: "0,1", Task: Regression}},
		"raw float32": {writeFile(t, "x.f32", floatBytes(values, 4, binary.LittleEndian)), Options{Columns: 5}},
		"raw float64": {writeFile(t, "x.bin", floatBytes(values, 8, binary.LittleEndian)), Options{Columns: 5, Format: Float64, Drop: "c0", Weights: "c1"}},
	} {
		var sets [2]*Set
		var learned [2]string
		var splits [2][]int
		for i, how := range []Map{MapAlways, MapNever} {
			c.opts.Map = how
			raw, err := Read(c.path, c.opts)
			if err != nil {
				t.Fatal(name, err)
			}
			train, held, err := raw.Split(nil, 0.2, 7)
			if err != nil {
				t.Fatal(name, err)
			}
			p, err := raw.Fit(train, FitOptions{Missing: Median})
			if err != nil {
				t.Fatal(name, err)
			}
			text, _ := json.Marshal(p)
			learned[i], splits[i] = string(text), held
			all, err := raw.Set(p)
			if err != nil {
				t.Fatal(name, err)
			}
			sets[i] = all.Subset(train)
		}
		if learned[0] != learned[1] || !slices.Equal(splits[0], splits[1]) {
			t.Errorf("%s: learned\n%s\nwant\n%s", name, learned[0], learned[1])
		}
		mapped, held := sets[0], sets[1]
		if mapped.X != nil || held.X == nil {
			t.Fatalf("%s: not mapped", name)
		}
		var x []float32
		if err := mapped.EachInputs(func(_ int, part []float32) error { x = append(x, part...); return nil }); err != nil {
			t.Fatal(name, err)
		}
		same := func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
		if !slices.EqualFunc(x, held.X, same) || !slices.Equal(mapped.Y, held.Y) || !slices.Equal(mapped.Weights, held.Weights) {
			t.Errorf("%s: other examples", name)
		}
	}
}

// A value that no number stands for is an error with its row where it is read, and so is a
// file that is made shorter.
func TestMappedNumbersErrors(t *testing.T) {
	values := floats(100)
	values[5*42+1] = math.Inf(-1)
	path := writeFile(t, "x.f32", floatBytes(values, 4, binary.LittleEndian))
	for _, how := range []Map{MapAlways, MapNever} {
		table, err := Read(path, Options{Columns: 5, Map: how})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := table.Fit(nil, FitOptions{Missing: Mean}); err == nil || !strings.Contains(err.Error(), `row 43, column "c1": "-Inf" is not a finite number`) {
			t.Errorf("%q: error %v", how, err)
		}
		if _, err := table.Fit(nil, FitOptions{}); err == nil || !strings.Contains(err.Error(), "row 43") && !strings.Contains(err.Error(), `row 5, column "c3": the value is missing`) {
			t.Errorf("%q: error %v", how, err)
		}
	}
	for want, opts := range map[string]Options{
		"does not say how many columns":      {},
		"2000 bytes are not whole rows of 7": {Columns: 7},
	} {
		if _, err := Read(path, opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if runtime.GOOS != "linux" {
		return
	}
	table, err := Read(writeFile(t, "y.f32", floatBytes(floats(3000), 4, binary.LittleEndian)), Options{Columns: 5, Map: MapAlways})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(table.(*Table).path, 0); err != nil {
		t.Fatal(err)
	}
	var about *Error
	if _, err := table.Fit(nil, FitOptions{Missing: Mean}); !errors.As(err, &about) || !strings.Contains(err.Error(), "made shorter") {
		t.Errorf("error %v", err)
	}
}
