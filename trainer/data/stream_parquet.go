package data

import (
	"encoding/binary"
	"io"
	"math"

	"github.com/parquet-go/parquet-go"
)

// parquetRows is a rowReader of Parquet. The library turns pages into values in the order of
// a file, so that reading is the work of one goroutine.
type parquetRows struct {
	in      *source
	file    *parquetOpened
	wanted  func(row int) bool
	row     int
	block   int
	columns []*parquetColumn // of the group under way; nil before it
	group   int
	left    int64 // rows of it
}

// openParquet begins to read. The first time it also looks through all pages.
func (s *Stream) openParquet(in *source, wanted func(row int) bool) (rowReader, error) {
	f, err := in.openParquet(s.columns == nil)
	if err != nil {
		return nil, err
	}
	if s.columns == nil {
		if s.columns, err = f.newTable(s.path, s.opts); err != nil {
			return nil, err
		}
	}
	return &parquetRows{in: in, file: f, wanted: wanted, block: 1 << s.columns.shift}, nil
}

func (r *parquetRows) next(c *chunk) (err error) {
	defer r.in.brokenParquet(&err)
	c.first = r.row
	// A chunk has about as many cells as one of text.
	for want := max(1, chunkBytes/4/(r.block*len(c.table.Names))) * r.block; ; {
		for r.left == 0 {
			if err := r.nextGroup(); err != nil {
				return err
			}
		}
		if err := r.in.readParquetRow(c.table, r.columns, r.row); err != nil {
			return err
		}
		r.left--
		if r.wanted == nil || r.wanted(r.row) {
			c.table.commit(noLines + r.row)
		}
		if r.row++; r.row%r.block == 0 && r.row-c.first >= want {
			return nil
		}
	}
}

// nextGroup begins with the next row group; io.EOF if there is none.
func (r *parquetRows) nextGroup() error {
	r.closeColumns()
	groups := r.file.RowGroups()
	if r.group == len(groups) {
		return io.EOF
	}
	group := groups[r.group]
	r.columns, r.left = r.file.columnsOf(group), group.NumRows()
	r.group++
	return nil
}

func (r *parquetRows) closeColumns() {
	for _, c := range r.columns {
		c.close()
	}
	r.columns = nil
}

// parse has nothing to do: the rows are in the table.
func (r *parquetRows) parse(*chunk) error { return nil }

func (r *parquetRows) digest(c *chunk, w io.Writer) {
	b := make([]byte, 0, 8*len(c.table.Names))
	for i := range c.table.rows {
		b = b[:0]
		for _, v := range c.table.row(i) {
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		}
		_, _ = w.Write(b) // a hash takes all
	}
	for _, known := range c.table.texts {
		if known != nil {
			for _, text := range known.known {
				_, _ = io.WriteString(w, text+"\x00")
			}
		}
	}
}

func (r *parquetRows) close() error {
	r.closeColumns()
	return r.in.close()
}

// parquetOpened is an opened file and those of its columns that have one value a row: all.
type parquetOpened struct {
	*parquet.File
	leaves  []parquet.LeafColumn
	names   []string
	kinds   []declared
	numbers []parquetNumber
}

// newTable makes a Table without rows for the columns.
func (f *parquetOpened) newTable(path string, opts Options) (*Table, error) {
	t, err := newTable(path, opts, f.names)
	if err != nil {
		return nil, err
	}
	t.header, t.declared = true, f.kinds
	return t, nil
}

// rowsOf is the number of rows, as far as a Table can have them.
func (f *parquetOpened) rowsOf() int { return int(min(f.NumRows(), math.MaxInt32)) }
