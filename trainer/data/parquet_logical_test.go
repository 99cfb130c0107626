package data

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// logicalFile is a Parquet file of columns of some types, a to z, and rows of values.
func logicalFile(t *testing.T, columns map[string]parquet.Node, rows ...[]parquet.Value) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[any](&b, parquet.NewSchema("r", parquet.Group(columns)))
	for _, row := range rows {
		for j := range row {
			row[j] = row[j].Level(0, 0, j)
		}
		if _, err := w.WriteRows([]parquet.Row{row}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Numbers are what the logical type says, and not what they are stored as.
func TestParquetLogicalTypes(t *testing.T) {
	big := uint64(1) << 63
	b := logicalFile(t, map[string]parquet.Node{
		"a": parquet.Uint(32), "b": parquet.Uint(64), "c": parquet.Decimal(2, 9, parquet.Int32Type), "d": parquet.Decimal(3, 18, parquet.Int64Type),
		"e": parquet.Int(32), "f": parquet.Date(), "g": parquet.Timestamp(parquet.Millisecond), "h": parquet.Uint(8),
	}, []parquet.Value{
		parquet.Int32Value(-1294967296), parquet.Int64Value(int64(big)), parquet.Int32Value(1234), parquet.Int64Value(-12345),
		parquet.Int32Value(-7), parquet.Int32Value(19000), parquet.Int64Value(1700000000000), parquet.Int32Value(255),
	})
	wantCells(t, readRaw(t, string(b), Options{}), "a b c d e f g h", "3000000000 "+spell(float64(big))+" 12.34 -12.345 -7 19000 1700000000000 255")

	bytesDecimal := logicalFile(t, map[string]parquet.Node{"a": parquet.Int(32), "price": parquet.Decimal(2, 20, parquet.FixedLenByteArrayType(9))},
		[]parquet.Value{parquet.Int32Value(1), parquet.FixedLenByteArrayValue(make([]byte, 9))})
	_, err := Read("-", Options{Stdin: bytes.NewReader(bytesDecimal)})
	if err == nil || !strings.Contains(err.Error(), `column "price": DECIMAL(20,2) in bytes is not read: write the column as double`) {
		t.Error(err)
	}
}

func TestParquetNumberOf(t *testing.T) {
	half := format.SchemaElement{LogicalType: format.LogicalType{Value: &format.Float16Type{}}}
	as, err := parquetNumberOf(parquet.FixedLenByteArrayType(2), &half)
	if err != nil || !as.half {
		t.Fatalf("%+v, %v", as, err)
	}
	table, err := newTable("x", Options{}, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	if c := table.parquetCell(0, parquet.FixedLenByteArrayValue([]byte{0, 0xc2}), as); c != numberCell(-3) {
		t.Errorf("float16 −3 is %v", c)
	}
	if _, err := parquetNumberOf(parquet.FixedLenByteArrayType(1), &half); err == nil {
		t.Error("a float16 of one byte is taken")
	}
	for _, scale := range []int{-1, 19} {
		if _, err := parquetNumberOf(parquet.Decimal(scale, 18, parquet.Int64Type).Type(), &format.SchemaElement{}); err == nil {
			t.Errorf("scale %d is taken", scale)
		}
	}
}
