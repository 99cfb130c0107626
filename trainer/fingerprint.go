package trainer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/clprop/clprop/trainer/data"
	"github.com/clprop/clprop/trainer/durable"
)

// Fingerprint tells one set of examples from another. Since it is of the rows in
// their order, those of a training and a validation set tell splits apart too.
type Fingerprint struct {
	Rows     int `json:"rows"`
	Features int `json:"features"`
	Outputs  int `json:"outputs"`
	// SHA256 is that of X, then Y and then Weights, float32, little-endian, in hexadecimal; or
	// data.Streamed.SHA256.
	SHA256 string `json:"sha256"`
}

// NewFingerprint returns that of a set; the zero value for nil. An error is of reading
// Inputs.
func NewFingerprint(s *data.Set) (Fingerprint, error) {
	if s == nil {
		return Fingerprint{}, nil
	}
	if streams(s) {
		return Fingerprint{s.Rows, s.Features, s.Outputs, s.Streamed.SHA256()}, nil
	}
	sum := sha256.New()
	err := s.EachInputs(func(_ int, x []float32) error { return durable.WriteFloats(sum, x) })
	for _, values := range [][]float32{s.Y, s.Weights} {
		_ = durable.WriteFloats(sum, values) // a hash takes all
	}
	return Fingerprint{s.Rows, s.Features, s.Outputs, hex.EncodeToString(sum.Sum(nil))}, err
}

// identify takes the fingerprints of both sets, which reads all of them.
func (f *fit) identify(sets ...*data.Set) (err error) {
	for i, set := range sets {
		if f.sets[i], err = NewFingerprint(set); err != nil {
			return err
		}
	}
	return nil
}

// differs says how a set is not the one that f is of; "" if it is.
func (f Fingerprint) differs(what string, now Fingerprint) string {
	switch {
	case f == now:
		return ""
	case f.Rows == 0:
		return what + ": there was none"
	case now.Rows == 0:
		return what + ": there is none now"
	}
	for _, part := range []struct {
		name    string
		was, is int
	}{{"examples", f.Rows, now.Rows}, {"features", f.Features, now.Features}, {"outputs", f.Outputs, now.Outputs}} {
		if part.was != part.is {
			return fmt.Sprintf("%s: %d %s, now %d", what, part.was, part.name, part.is)
		}
	}
	return what + ": other values, or in another order"
}
