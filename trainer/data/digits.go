package data

import (
	"bytes"
	_ "embed"
	"fmt"
)

//go:embed digits.csv.gz
var digits []byte

// Digits returns the embedded data set: 1797 images of handwritten digits, 8 × 8
// pixels of 0..16, which become x = p/16, in 10 classes.
//
// It is the test set of E. Alpaydin, C. Kaynak, "Optical Recognition of
// Handwritten Digits", UCI Machine Learning Repository, 1998,
// https://doi.org/10.24432/C50P49, under CC BY 4.0; see digits.README.
func Digits() (*Set, *Preprocess, error) {
	t, err := ReadCSV("-", Options{Header: NoHeader, Stdin: bytes.NewReader(digits)})
	if err != nil {
		return nil, nil, fmt.Errorf("embedded digits: %w", err)
	}
	p := &Preprocess{
		Image:   &Image{Width: 8, Height: 8, Scale: 1.0 / 16},
		Label:   "label",
		Classes: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
	}
	s, err := t.Set(p)
	if err != nil {
		return nil, nil, fmt.Errorf("embedded digits: %w", err)
	}
	return s, p, nil
}
