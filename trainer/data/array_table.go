package data

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime/debug"
	"sync"
)

// arrayCells are the cells of a Table whose columns are those of a mapped array, and after
// them those of an array of labels. They become cells whenever they are asked for.
type arrayCells struct {
	x, y            *array // y may be nil
	columns, labels int
}

// newArrayTable fills t, which has no rows, with those of c. It goes once over an array of
// floats, to find what is no finite number.
func newArrayTable(t *Table, c *arrayCells) (err error) {
	defer faults(t.path, &err)()
	for _, part := range []struct {
		of          *array
		at, columns int
	}{{c.x, 0, c.columns}, {c.y, c.columns, c.labels}} {
		if part.of == nil || !part.of.float {
			continue
		}
		values := make([]float64, part.columns)
		for t.rows = 0; t.rows < c.x.dims[0]; t.rows++ {
			part.of.row(values, t.rows)
			for j, v := range values {
				if v-v != 0 { // ±Inf or NaN
					t.number(part.at+j, v)
				}
			}
		}
	}
	t.rows, t.array, t.marks = c.x.dims[0], c, []mark{{0, noLines}}
	return nil
}

// row reads the values of a row, as many as there are.
func (x *array) row(values []float64, i int) {
	b := x.data[i*len(values)*x.size:][:len(values)*x.size]
	if x.little32 { // the one that large files are of, without a call for each value
		for j := range values {
			values[j] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*j:])))
		}
		return
	}
	for j := range values {
		values[j] = x.at(b[j*x.size:])
	}
}

// cells returns the cells of row i, in buf if they are not in memory; it is as long as a row.
func (t *Table) cells(i int, buf []cell) []cell {
	c := t.array
	if c == nil {
		return t.row(i)
	}
	b := c.x.data[i*c.columns*c.x.size:][:c.columns*c.x.size]
	if c.x.little32 {
		for j := range c.columns {
			buf[j] = t.known(j, float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*j:]))))
		}
	} else {
		for j := range c.columns {
			buf[j] = t.known(j, c.x.at(b[j*c.x.size:]))
		}
	}
	for k := range c.labels {
		buf[c.columns+k] = t.known(c.columns+k, c.y.at(c.y.data[(i*c.labels+k)*c.y.size:]))
	}
	return buf
}

// known is Table.number for a number that newArrayTable has seen.
func (t *Table) known(j int, x float64) cell {
	switch {
	case x == 0:
		return numberCell(0) // −0 too
	case x-x == 0:
		return numberCell(x)
	case x != x:
		return missingCell
	}
	text := "+Inf"
	if x < 0 {
		text = "-Inf"
	}
	return textCell | cell(t.texts[j].index[text])
}

// buffer is one for cells; nil where all are in memory.
func (t *Table) buffer() []cell {
	if t.array == nil {
		return nil
	}
	return make([]cell, len(t.Names))
}

// faults turns what goes wrong on the way from the disk of a mapped file, which is a fault of
// memory, into an error. The function that it returns must be deferred.
func faults(path string, err *error) (end func()) {
	before := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(before)
		cause := recover()
		if cause == nil {
			return
		}
		fault, ok := cause.(interface{ Addr() uintptr })
		if !ok {
			panic(cause)
		}
		*err = &Error{Path: path, Offset: -1, Reason: fmt.Sprintf("it could not be read, or was made shorter, while it was in use: %v", fault)}
	}
}

// tableInputs are Inputs of a Table whose cells are in a mapped array.
type tableInputs struct {
	of       *Table
	mutex    sync.Mutex // features remember categories that they met
	features []feature
	width    int
	plain    bool // float32 that become numbers: the one that large files are of
}

func newTableInputs(t *Table, features []feature, width int) *tableInputs {
	x := &tableInputs{of: t, features: features, width: width, plain: t.array.x.little32}
	for k := range features {
		f := &features[k]
		x.plain = x.plain && f.known == nil && f.pixel == 0 && 0 <= f.from && f.from < t.array.columns && f.to == k
	}
	return x
}

// Append encodes the rows as Table.Set does.
func (x *tableInputs) Append(dst []float32, rows []int32) (_ []float32, err error) {
	defer faults(x.of.path, &err)()
	x.mutex.Lock()
	defer x.mutex.Unlock()
	buf := x.of.buffer()
	for _, row := range rows {
		from := len(dst)
		dst = append(dst, make([]float32, x.width)...) // all zero, without memory of its own
		out, i := dst[from:], int(row)
		if x.plain && x.encodePlain(i, out) {
			continue
		}
		clear(out)
		if err := x.of.encodeRow(x.features, i, x.of.cells(i, buf), out); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// encodePlain is encodeRow without cells. It reports whether all values were numbers, and what
// became of them was too.
func (x *tableInputs) encodePlain(i int, out []float32) bool {
	c := x.of.array
	b := c.x.data[4*i*c.columns:][:4*c.columns]
	sum := float32(0) // not finite if a value is not
	for k := range x.features {
		f := &x.features[k]
		v := float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*f.from:])))
		if v == 0 {
			v = 0 // −0 too
		}
		out[k] = float32((v - f.Mean) / f.Std)
		sum += 0 * out[k]
	}
	return sum == 0
}

// readFloats reads a file of little-endian floats and nothing else, row after row, as
// ndarray.tofile writes them.
func (s *source) readFloats(size int, opts Options) (Raw, error) {
	if opts.Columns < 1 || opts.Columns > maxColumns {
		return nil, fmt.Errorf("%s: a file of floats does not say how many columns it has: say 1 to %d, the label among them", s.path, maxColumns)
	}
	x := &array{path: s.path, size: size, float: true, little32: size == 4}
	_, x.at = npyNumber("<", "f", fmt.Sprint(size))
	total := int(s.size)
	if !s.raw || s.size < 0 {
		in, n, err := s.all()
		if err != nil {
			return nil, err
		}
		x.data, total = make([]byte, n), int(n)
		if _, err := in.ReadAt(x.data, 0); err != nil {
			return nil, &Error{Path: s.path, Offset: -1, Err: err}
		}
	}
	row := opts.Columns * size
	if total == 0 || total%row != 0 {
		return nil, &Error{Path: s.path, Offset: int64(total - total%row), Reason: fmt.Sprintf("%d bytes are not whole rows of %d floats of %d bytes", total, opts.Columns, size)}
	}
	x.dims = []int{total / row, opts.Columns}
	if x.data == nil {
		if x.data = s.mapped(0, total, total/size, opts.Map); x.data != nil {
			x.mapped = true
		} else if err := x.read(s.r, 0, false); err != nil {
			return nil, err
		}
	}
	return x.labelled(opts)
}
