package data

import (
	"encoding/binary"
	"io"
)

// chunkBytes is how much text a chunk has at least, where there is so much: parsing it takes
// about a millisecond, against which what is done once a chunk is nothing.
const chunkBytes = 1 << 18

// chunk is some rows that come one after the other, on their way from text to examples. It is
// used again and again.
type chunk struct {
	first int    // number of its first row in the file, those that are not wanted counted
	text  []byte // of CSV, its rows without line ends
	cuts  []cut  // where they are in it
	table *Table // of the rows; filled by the reader where there is no text
	err   error  // what ended the reading of it, io.EOF at the end
	done  chan struct{}

	// What is made of the table: examples, or what is learned of it.
	set    *Set
	learnt learnt
}

// cut is a row of a chunk.
type cut struct {
	end    int // in the text
	line   int
	quoted bool
}

// rowReader reads a file of rows, some at a time.
type rowReader interface {
	// next puts the next rows into c, which is empty: whole blocks of the table, but at
	// the end of the file. At the end the error is io.EOF, with rows or without.
	next(c *chunk) error
	// parse fills the table of c from its text. It is safe for use by several goroutines, each
	// with another chunk.
	parse(c *chunk) error
	// digest writes what the rows of c hold, in a form that is theirs alone.
	digest(c *chunk, w io.Writer)
	close() error
}

// reset empties a chunk; columns is a table like its own.
func (c *chunk) reset(columns *Table) {
	if c.table == nil {
		t := *columns
		t.blocks, t.texts = nil, make([]*texts, len(t.Names))
		c.table = &t
	}
	t := c.table
	t.rows, t.marks = 0, t.marks[:0]
	clear(t.texts)
	c.text, c.cuts, c.err, c.set = c.text[:0], c.cuts[:0], nil, nil
	c.done = make(chan struct{})
}

// csvRows is a rowReader of CSV.
type csvRows struct {
	in     *source
	reader *csvReader
	wanted func(row int) bool
	row    int // number of the next
	block  int // rows of a block
}

// openCSV begins to read below the header. The first time it also finds the columns.
func (s *Stream) openCSV(in *source, wanted func(row int) bool) (rowReader, error) {
	opts := s.opts
	if s.columns != nil {
		opts.Comma = s.comma
	}
	in.utf8Text()
	reader, err := newCSVReader(s.path, in.r, opts)
	if err != nil {
		return nil, err
	}
	if s.columns == nil {
		if err := s.findCSV(); err != nil {
			return nil, err
		}
	}
	if s.columns.header {
		if _, err := reader.take(1); err != nil {
			return nil, err
		}
	}
	reader.width, reader.first = len(s.columns.Names), s.line
	return &csvRows{in: in, reader: reader, wanted: wanted, block: 1 << s.columns.shift}, nil
}

// findCSV finds the separator and the columns.
func (s *Stream) findCSV() error {
	in, err := openSource(s.path, nil)
	if err != nil {
		return err
	}
	defer in.close()
	in.utf8Text()
	reader, err := newCSVReader(s.path, in.r, s.opts)
	if err != nil {
		return err
	}
	head, classes, err := reader.takeHead(s.opts.Header)
	if err != nil {
		return err
	}
	if len(head) == 0 {
		return &Error{Path: s.path, Offset: -1, Reason: "the file is empty: expected rows of cells"}
	}
	if classes != nil {
		return &Error{Path: s.path, Line: 1, Offset: -1, Err: ErrNoStream,
			Reason: "the first line has numbers and the names of classes, as scikit-learn writes it: put the names of the columns there"}
	}
	s.comma, s.line = reader.comma, reader.first
	s.columns, _, err = newCSVTable(s.path, s.opts, head)
	return err
}

func (r *csvRows) next(c *chunk) error {
	for c.first = r.row; ; {
		row, line, quoted, err := r.reader.lines.next()
		if err != nil {
			return err
		}
		wanted := r.wanted == nil || r.wanted(r.row)
		r.row++
		if wanted {
			c.text = append(c.text, row...)
			c.cuts = append(c.cuts, cut{len(c.text), line, quoted})
		}
		if len(c.text) >= chunkBytes && r.row%r.block == 0 {
			return nil
		}
	}
}

func (r *csvRows) parse(c *chunk) error {
	reader := csvReader{lines: &lines{path: r.reader.path}, comma: r.reader.comma, first: r.reader.first, width: r.reader.width}
	from := 0
	for _, cut := range c.cuts {
		if err := reader.parse(c.table, c.text[from:cut.end], cut.line, cut.quoted); err != nil {
			return err
		}
		from = cut.end
	}
	return nil
}

func (r *csvRows) digest(c *chunk, w io.Writer) {
	var end [8]byte
	from := 0
	for _, cut := range c.cuts { // lengths, so that ends of rows count
		binary.LittleEndian.PutUint64(end[:], uint64(cut.end-from))
		_, _ = w.Write(end[:])
		from = cut.end
	}
	_, _ = w.Write(c.text) // a hash takes all
}

func (r *csvRows) close() error { return r.in.close() }
