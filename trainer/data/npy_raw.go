package data

import (
	"fmt"
	"math"
	"strconv"
)

// readNPY reads images if they are unsigned bytes, n × height × width (× 1), else a
// table of n rows from n or n × columns numbers. Labels may be in another NPY
// file.
func (s *source) readNPY(opts Options) (Raw, error) {
	x, err := readNPYArray(s.path, s.r, func(start int64, size, inputs int) []byte { return s.mapped(start, size, inputs, opts.Map) })
	if err != nil {
		return nil, err
	}
	return x.labelled(opts)
}

// labelled is raw with the labels of Options.Labels, if there are any.
func (x *array) labelled(opts Options) (_ Raw, err error) {
	var y *array
	if opts.Labels != "" {
		if y, err = readNPYFile(opts.Labels); err != nil {
			return nil, err
		}
	}
	return x.raw(y, opts)
}

func readNPYFile(path string) (*array, error) {
	s, err := openSource(path, nil)
	if err != nil {
		return nil, err
	}
	x, err := readNPYArray(path, s.r, nil)
	if closed := s.close(); err == nil {
		err = closed
	}
	return x, err
}

// raw makes Images or a Table of examples x and labels y, which may be nil.
func (x *array) raw(y *array, opts Options) (Raw, error) {
	if y != nil && (len(y.dims) > 2 || y.dims[0] != x.dims[0]) {
		return nil, &Error{Path: y.path, Offset: 0,
			Reason: fmt.Sprintf("labels of shape %v: expected %d, one for each example of %s", y.dims, x.dims[0], x.path)}
	}
	if x.isImages() {
		return x.images(y)
	}
	t, err := x.table(y, opts)
	if err != nil {
		return nil, err // not a *Table that is nil
	}
	return t, nil
}

func (x *array) images(y *array) (*Images, error) {
	m := &Images{path: x.path, Height: x.dims[1], Width: x.dims[2], Pixels: x.data, mapped: x.mapped}
	if y == nil {
		return m, nil
	}
	labels := make([]byte, y.dims[0])
	for i := range labels {
		v := y.at(y.data[i*y.size:])
		if len(y.dims) == 2 && y.dims[1] != 1 || v != math.Trunc(v) || v < 0 || v > 255 {
			return nil, &Error{Path: y.path, Offset: -1, Reason: fmt.Sprintf("label of image %d is %v: expected one number of a class, 0 to 255", i, v)}
		}
		labels[i] = byte(v)
	}
	m.number(y.path, labels, -1)
	return m, nil
}

// table takes what follows the first dimension as columns c0, c1, …, and labels as
// columns after them.
func (x *array) table(y *array, opts Options) (*Table, error) {
	width := len(x.data) / x.size / x.dims[0]
	labels := 0
	if y != nil {
		labels = len(y.data) / y.size / y.dims[0]
	}
	if width+labels > maxColumns {
		return nil, &Error{Path: x.path, Offset: 0, Reason: fmt.Sprintf("%d columns: expected at most %d", width+labels, maxColumns)}
	}
	names := make([]string, width+labels)
	var defaults []int
	for k := range labels {
		names[width+k] = "label"
		if labels > 1 {
			names[width+k] += strconv.Itoa(k)
		}
		defaults = append(defaults, width+k)
	}
	t, err := newTable(x.path, opts, names)
	if err != nil {
		return nil, err
	}
	t.labels = defaults
	if x.mapped {
		return t, newArrayTable(t, &arrayCells{x: x, y: y, columns: width, labels: labels})
	}
	for i := range x.dims[0] {
		to, err := t.next(0)
		if err != nil {
			return nil, err
		}
		for j := range width {
			to[j] = t.number(j, x.at(x.data[(i*width+j)*x.size:]))
		}
		for k := range labels {
			to[width+k] = t.number(width+k, y.at(y.data[(i*labels+k)*y.size:]))
		}
		t.commit(0)
	}
	return t, nil
}
