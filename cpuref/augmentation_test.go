package cpuref

import (
	"math"
	"testing"
)

// Each row is moved and mirrored as the words of its counter say, element by element; a part
// of the rows is as in the whole.
func TestShiftMoves(t *testing.T) {
	const seed, layer, step, by = 0x123456789a, 3, 7, 2
	shape := ImageShape{Height: 4, Width: 5, Channels: 2}
	a, out := NewMatrix[float64](40, shape.Size()), NewMatrix[float64](40, shape.Size())
	for i := range a.Data {
		a.Data[i] = float64(i + 1)
	}
	Shift(NewStream(seed, layer, step), shape, by, true, 0, a, out)
	mirrored := 0
	for i := range a.Rows {
		w := Philox([4]uint32{0, uint32(i), layer, step}, [2]uint32{0x3456789a, 0x12})
		dy, dx := int(float64(w[0])*5/(1<<32))-by, int(float64(w[1])*5/(1<<32))-by
		flip := w[2] >= 1<<31
		if flip {
			mirrored++
		}
		for j, got := range out.Row(i) {
			y, x, c := j/10, j/2%5, j%2
			if flip {
				x = 4 - x
			}
			want := 0.0
			if y, x := y+dy, x+dx; y >= 0 && y < 4 && x >= 0 && x < 5 {
				want = a.Row(i)[y*10+x*2+c]
			}
			if got != want {
				t.Errorf("row %d by (%d, %d), mirrored %v: element %d is %v, want %v", i, dy, dx, flip, j, got, want)
			}
		}
	}
	if mirrored == 0 || mirrored == a.Rows {
		t.Errorf("%d of %d rows are mirrored", mirrored, a.Rows)
	}
	part, tail := NewMatrix[float64](2, shape.Size()), a.Data[38*shape.Size():]
	Shift(NewStream(seed, layer, step), shape, by, true, 38, Matrix[float64]{Rows: 2, Cols: shape.Size(), Data: tail}, part)
	for i, v := range part.Data {
		if v != out.Data[38*shape.Size()+i] {
			t.Fatalf("rows 38 and 39 alone: element %d is %v, want %v", i, v, out.Data[38*shape.Size()+i])
		}
	}
}

// All moves are as likely, and half of the rows are mirrored: counts of n independent rows
// are within 5 deviations, √(n p (1−p)).
func TestShiftIsUniform(t *testing.T) {
	const by, n = 1, 9000
	shape := ImageShape{Height: 3, Width: 4, Channels: 1}
	a, out := NewMatrix[float32](n, 12), NewMatrix[float32](n, 12)
	for i := range n {
		a.Row(i)[5] = 1 // (1, 1), which comes to (1−dy, 1−dx), or mirrored to (1−dy, 2+dx)
	}
	Shift(NewStream(1, 2, 3), shape, by, true, 0, a, out)
	var at [12]int
	for i := range n {
		for j, v := range out.Row(i) {
			at[j] += int(v)
		}
	}
	for y := range 3 {
		for x, ways := range []float64{1, 2, 2, 1} { // of 2·3 each to a row of the image
			p := ways / 6 / 3
			if got := float64(at[y*4+x]); !(math.Abs(got-n*p) <= 5*math.Sqrt(n*p*(1-p))) {
				t.Errorf("(%d, %d) has %v of %d, want about %v", y, x, got, n, n*p)
			}
		}
	}
}

// The noise is Box and Muller's of the words that the formula says, and its mean and
// variance are within 5 deviations, 1/√n and √(2/n), of 0 and 1.
func TestNoiseIsNormal(t *testing.T) {
	const seed, layer, step, deviation = 0x123456789a, 3, 7, 0.25
	a, out := ones(50, 150), NewMatrix[float64](50, 150)
	Noise(NewStream(seed, layer, step), deviation, 4, a, out)
	var sum, squares float64
	for i := range a.Rows {
		for j, v := range out.Row(i) {
			w := Philox([4]uint32{uint32(j/64*16 + j%16), uint32(4 + i), layer, step}, [2]uint32{0x3456789a, 0x12})
			k := j % 64 / 16
			u1, u2 := (float64(w[k/2*2]/256)+1)/(1<<24), float64(w[k/2*2+1]/256)/(1<<24)
			n := math.Sqrt(-2*math.Log(u1)) * math.Cos(2*math.Pi*(u2-float64(k%2)/4)) // sin t = cos(t − π/2)
			if want := 1 + deviation*n; math.Abs(v-want) > 1e-14 {                    // sines and cosines of up to 2π, times at most 5.8/4
				t.Errorf("(%d, %d) is %v, want %v", i, j, v, want)
			}
			z := (v - 1) / deviation
			sum, squares = sum+z, squares+z*z
		}
	}
	n := float64(len(out.Data))
	if mean, variance := sum/n, squares/n; math.Abs(mean) > 5/math.Sqrt(n) || math.Abs(variance-1) > 5*math.Sqrt(2/n) {
		t.Errorf("mean %v, variance %v", mean, variance)
	}
}

// By hand: a quarter of the one and three of the other, and the last alone.
func TestMixupByHand(t *testing.T) {
	a := Matrix[float64]{Rows: 3, Cols: 2, Data: []float64{4, 8, 0, -4, 7, 9}}
	out := NewMatrix[float64](3, 2)
	Mixup(0.25, a, out)
	for i, want := range []float64{1, -1, 3, 5, 7, 9} {
		if out.Data[i] != want {
			t.Errorf("element %d is %v, want %v", i, out.Data[i], want)
		}
	}
}
