package data

import (
	"slices"
	"testing"
)

// TestDigits compares with what the set's authors publish: the counts of
// optdigits.tes, and the sum of all pixels as other copies of it have it.
func TestDigits(t *testing.T) {
	s, p, err := Digits()
	if err != nil {
		t.Fatal(err)
	}
	if s.Rows != 1797 || s.Features != 64 || s.Outputs != 10 || p.Features() != 64 {
		t.Errorf("%d × %d, %d classes", s.Rows, s.Features, s.Outputs)
	}
	if got, want := classCounts(s), []int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}; !slices.Equal(got, want) {
		t.Errorf("classes have %v rows, want %v", got, want)
	}
	sum := float64(0) // sixteenths: exact
	for _, x := range s.X {
		if x < 0 || x > 1 {
			t.Fatalf("a pixel is %v", x)
		}
		sum += float64(x)
	}
	if sum*16 != 561718 {
		t.Errorf("pixels sum up to %v, want 561718", sum*16)
	}
	// The first image is a 0; its first row of pixels is 0 0 5 13 9 1 0 0.
	if want := []float32{0, 0, 5. / 16, 13. / 16, 9. / 16, 1. / 16, 0, 0}; !slices.Equal(s.X[:8], want) || s.Label(0) != 0 {
		t.Errorf("first pixels %v, class %d", s.X[:8], s.Label(0))
	}
}
