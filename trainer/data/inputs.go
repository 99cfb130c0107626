package data

import "fmt"

// Inputs are those of examples that lie in a file, or in memory as bytes, and are made when they are asked for.
// It is safe for use by several goroutines.
type Inputs interface {
	// Append appends the inputs of the given rows to dst. A row that is not there is a
	// mistake of the program and panics.
	Append(dst []float32, rows []int32) ([]float32, error)
}

// errOnePass says that a streamed set has no rows to choose from.
var errOnePass = fmt.Errorf("examples in any order %w: they come in that of the file", ErrNoStream)

// Append appends the inputs of the given rows to dst, from X or from Inputs.
func (s *Set) Append(dst []float32, rows []int32) ([]float32, error) {
	if s.Streamed != nil {
		return dst, errOnePass
	}
	if s.Inputs != nil {
		return s.Inputs.Append(dst, rows)
	}
	for _, row := range rows {
		dst = append(dst, s.X[int(row)*s.Features:][:s.Features]...)
	}
	return dst, nil
}

// EachInputs calls f with the inputs of some rows from first on, until all have been, or f
// returns an error. What f is given is good until it returns.
func (s *Set) EachInputs(f func(first int, x []float32) error) error {
	if s.Streamed != nil {
		return errOnePass
	}
	if s.Inputs == nil {
		return f(0, s.X)
	}
	const values = 1 << 20
	some := max(1, values/s.Features)
	x, rows := make([]float32, 0, some*s.Features), make([]int32, 0, some)
	for first := 0; first < s.Rows; first += some {
		rows = rows[:0]
		for i := first; i < min(first+some, s.Rows); i++ {
			rows = append(rows, int32(i))
		}
		var err error
		if x, err = s.Inputs.Append(x[:0], rows); err != nil {
			return err
		}
		if err := f(first, x); err != nil {
			return err
		}
	}
	return nil
}

// pixels are Inputs of bytes, x = scale·p.
type pixels struct {
	path     string
	of       []byte
	features int
	scaled   [256]float32
}

func newPixels(path string, of []byte, features int, scale float64) *pixels {
	p := &pixels{path: path, of: of, features: features}
	for v := range p.scaled {
		p.scaled[v] = float32(float64(v) * scale)
	}
	return p
}

// Append reads a mapped file.
func (p *pixels) Append(dst []float32, rows []int32) (_ []float32, err error) {
	defer faults(p.path, &err)()
	for _, row := range rows {
		for _, v := range p.of[int(row)*p.features:][:p.features] {
			dst = append(dst, p.scaled[v])
		}
	}
	return dst, nil
}

// chosen are some rows of Inputs.
type chosen struct {
	of   Inputs
	rows []int32
}

func (c *chosen) Append(dst []float32, rows []int32) ([]float32, error) {
	list := make([]int32, len(rows))
	for i, row := range rows {
		list[i] = c.rows[row]
	}
	return c.of.Append(dst, list)
}

// choose is the given rows of the inputs.
func choose(of Inputs, rows []int) Inputs {
	c := &chosen{of: of, rows: make([]int32, len(rows))}
	before, again := of.(*chosen)
	if again {
		c.of = before.of
	}
	for i, row := range rows {
		if c.rows[i] = int32(row); again {
			c.rows[i] = before.rows[row]
		}
	}
	return c
}
