//go:build unix

package data

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// busy is the time that cores have spent on this process, also for the garbage collector: a
// speed by it is one of a core, whatever else the machine does.
func busy(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkReadCSV reads tables of numbers in memory: pixels, measurements with a few digits,
// whole numbers, float32 and float64 with all their digits, and what NumPy's savetxt writes.
func BenchmarkReadCSV(b *testing.B) {
	for _, c := range []struct {
		name, format string
		value        func(r *rand.Rand) any
	}{
		{"pixels", "%d", func(r *rand.Rand) any { return r.IntN(256) }},
		{"measured", "%.4f", func(r *rand.Rand) any { return 100 * r.NormFloat64() }},
		{"signed", "%d", func(r *rand.Rand) any { return r.IntN(2000) - 1000 }},
		{"single", "%v", func(r *rand.Rand) any { return float32(r.NormFloat64()) }},
		{"savetxt", "%.18e", func(r *rand.Rand) any { return r.NormFloat64() }},
		{"full", "%v", func(r *rand.Rand) any { return r.NormFloat64() }},
	} {
		r := rand.New(rand.NewPCG(1, 1))
		var text bytes.Buffer
		for text.Len() < 16<<20 {
			for range 99 {
				fmt.Fprintf(&text, c.format+",", c.value(r))
			}
			fmt.Fprintf(&text, "%d\n", r.IntN(10))
		}
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			b.ReportAllocs()
			began := busy(b)
			for b.Loop() {
				if _, err := ReadCSV("-", Options{Stdin: bytes.NewReader(text.Bytes())}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(text.Len())*float64(b.N)/1e6/(busy(b)-began).Seconds(), "MB/core-s")
		})
	}
}

// BenchmarkReadParquet reads five columns of numbers.
func BenchmarkReadParquet(b *testing.B) {
	type row struct {
		A, B float64
		C    int64
		D    float32
		E    int32
	}
	r := rand.New(rand.NewPCG(1, 1))
	rows := make([]row, 1<<19)
	for i := range rows {
		rows[i] = row{r.NormFloat64(), r.NormFloat64(), r.Int64N(1000), r.Float32(), int32(i)}
	}
	var file bytes.Buffer
	if err := parquet.Write(&file, rows); err != nil {
		b.Fatal(err)
	}
	began := busy(b)
	for b.Loop() {
		if _, err := Read("-", Options{Stdin: bytes.NewReader(file.Bytes())}); err != nil {
			b.Fatal(err)
		}
	}
	values := float64(5 * len(rows) * b.N)
	b.ReportMetric(values/b.Elapsed().Seconds(), "values/s")
	b.ReportMetric(values/(busy(b)-began).Seconds(), "values/core-s")
}
