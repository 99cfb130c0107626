package data

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// readParquet reads the columns of a Parquet file that have one value a row:
// numbers, booleans and texts. Others (lists, maps) are an error if no Drop names
// them. Rows that are null are missing.
func (s *source) readParquet(opts Options) (t *Table, err error) {
	defer s.brokenParquet(&err)
	f, err := s.openParquet(true)
	if err != nil {
		return nil, err
	}
	if t, err = f.newTable(s.path, opts); err != nil {
		return nil, err
	}
	for _, group := range f.RowGroups() {
		if err := s.readRowGroup(t, group, f); err != nil {
			return nil, err
		}
	}
	if t.Rows() == 0 {
		return nil, &Error{Path: s.path, Offset: -1, Reason: "the file has no rows"}
	}
	return t, nil
}

// brokenParquet makes an error of a panic: the library promises nothing about broken files.
func (s *source) brokenParquet(err *error) {
	if cause := recover(); cause != nil {
		*err = &Error{Path: s.path, Offset: -1, Reason: fmt.Sprintf("broken Parquet: %v", cause)}
	}
}

// openParquet reads what a file has of itself, and looks through all pages if thorough.
func (s *source) openParquet(thorough bool) (f *parquetOpened, err error) {
	defer s.brokenParquet(&err)
	in, size, err := s.all()
	if err != nil {
		return nil, err
	}
	if err := checkParquetFooter(in, size); err != nil {
		return nil, &Error{Path: s.path, Offset: -1, Reason: "not a whole Parquet file: " + err.Error()}
	}
	f = &parquetOpened{}
	if f.File, err = parquet.OpenFile(in, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true)); err != nil {
		return nil, &Error{Path: s.path, Offset: -1, Reason: "not a whole Parquet file: " + err.Error()}
	}
	for _, path := range f.Schema().Columns() {
		leaf, _ := f.Schema().Lookup(path...)
		if len(path) > 1 || leaf.MaxRepetitionLevel > 0 {
			return nil, &Error{Path: s.path, Column: path[0], Offset: -1, Reason: "a column of lists or groups: write the file without it"}
		}
		f.leaves = append(f.leaves, leaf)
		f.names = append(f.names, path[0])
		// Without groups, the elements of the schema are its root and then the columns.
		as, err := parquetNumberOf(leaf.Node.Type(), &f.Metadata().Schema[1+leaf.ColumnIndex])
		if err != nil {
			return nil, &Error{Path: s.path, Column: path[0], Offset: -1, Reason: err.Error()}
		}
		f.numbers = append(f.numbers, as)
		f.kinds = append(f.kinds, parquetKind(leaf.Node.Type(), as))
	}
	if !thorough {
		return f, nil
	}
	if err := checkSpread(s.path, f.rowsOf(), len(f.names), int(size)); err != nil {
		return nil, err
	}
	return f, s.checkPages(in, size, f.File, f.leaves)
}

// checkPages looks through all pages that will be read.
func (s *source) checkPages(in io.ReaderAt, size int64, f *parquet.File, leaves []parquet.LeafColumn) error {
	pages := &parquetPages{in: in, size: size, budget: packedFree + packedRatio*size}
	left := f.NumRows() // of which it is known that a table can have so many
	for _, group := range f.Metadata().RowGroups {
		if left -= group.NumRows; group.NumRows < 0 || left < 0 {
			return &Error{Path: s.path, Offset: -1, Reason: fmt.Sprintf("broken Parquet: %d rows, and more in its groups", f.NumRows())}
		}
		for _, leaf := range leaves {
			if leaf.ColumnIndex >= len(group.Columns) {
				return &Error{Path: s.path, Column: leaf.Path[0], Offset: -1, Reason: "broken Parquet: a group of rows is without it"}
			}
			err := pages.chunk(&group.Columns[leaf.ColumnIndex].MetaData, leaf, group.NumRows)
			if err != nil {
				return &Error{Path: s.path, Column: leaf.Path[0], Offset: -1, Reason: "broken Parquet: " + err.Error(), Err: unexpected(err)}
			}
		}
	}
	return nil
}

// parquetKind says what a column holds: texts are categories, even if they look
// like numbers.
func parquetKind(kind parquet.Type, as parquetNumber) declared {
	if as.half {
		return undeclared
	}
	switch kind.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray, parquet.Boolean:
		return declaredCategory
	}
	return undeclared
}

// readRowGroup adds the rows of one group, some at a time: a batch of each column.
func (s *source) readRowGroup(t *Table, group parquet.RowGroup, f *parquetOpened) error {
	columns := f.columnsOf(group)
	for _, c := range columns {
		defer c.close()
	}
	for range group.NumRows() {
		if err := s.readParquetRow(t, columns, t.rows); err != nil {
			return err
		}
		t.commit(0)
	}
	return nil
}

// columnsOf begins to read the columns of a group.
func (f *parquetOpened) columnsOf(group parquet.RowGroup) []*parquetColumn {
	columns := make([]*parquetColumn, len(f.leaves))
	for j, leaf := range f.leaves {
		columns[j] = &parquetColumn{pages: group.ColumnChunks()[leaf.ColumnIndex].Pages(), as: f.numbers[j]}
	}
	return columns
}

// readParquetRow reads the next row, of a number from 0, into the table, where t.commit adds it.
func (s *source) readParquetRow(t *Table, columns []*parquetColumn, row int) error {
	to, err := t.next(0)
	if err != nil {
		return err
	}
	for j, c := range columns {
		v, err := c.next()
		if err != nil {
			return &Error{Path: s.path, Row: row + 1, Column: t.Names[j], Offset: -1, Reason: "broken Parquet: " + err.Error(), Err: unexpected(err)}
		}
		to[j] = t.parquetCell(j, v, c.as)
	}
	return nil
}

// parquetColumn gives the values of a column of a row group one by one.
type parquetColumn struct {
	pages  parquet.Pages
	as     parquetNumber
	page   parquet.ValueReader
	buffer [256]parquet.Value
	n, at  int
}

func (c *parquetColumn) next() (parquet.Value, error) {
	for c.at == c.n {
		c.n, c.at = 0, 0
		if c.page == nil {
			page, err := c.pages.ReadPage()
			if err != nil {
				return parquet.Value{}, err
			}
			c.page = page.Values()
		}
		n, err := c.page.ReadValues(c.buffer[:])
		switch {
		case errors.Is(err, io.EOF):
			c.page = nil
		case err != nil:
			return parquet.Value{}, err
		case n == 0:
			return parquet.Value{}, io.ErrNoProgress
		}
		c.n = n
	}
	c.at++
	return c.buffer[c.at-1], nil
}

func (c *parquetColumn) close() { c.pages.Close() }
