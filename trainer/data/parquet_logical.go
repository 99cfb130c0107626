package data

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetNumber is what the logical type of a column makes of its values: the physical type
// alone has other numbers. Dates and times are the numbers that they are stored as.
type parquetNumber struct {
	unsigned bool
	half     bool    // two bytes are a float16
	unit     float64 // of a DECIMAL, what 1 is stored as; else 1
}

// maxScale is the most digits after the point of a DECIMAL that is an int64.
const maxScale = 18

// parquetNumberOf reads the logical type of a column. The library has no type for float16: that
// is in the column's element of the schema alone.
func parquetNumberOf(kind parquet.Type, element *format.SchemaElement) (parquetNumber, error) {
	n := parquetNumber{unit: 1}
	if _, ok := element.LogicalType.Value.(*format.Float16Type); ok {
		n.half = kind.Kind() == parquet.FixedLenByteArray && kind.Length() == 2
		if !n.half {
			return n, fmt.Errorf("FLOAT16 that has not 2 bytes: write the column as float")
		}
	}
	logical := kind.LogicalType()
	if logical == nil {
		return n, nil
	}
	switch v := logical.Value.(type) {
	case *format.IntType:
		n.unsigned = !v.IsSigned
	case *format.DecimalType:
		if k := kind.Kind(); k != parquet.Int32 && k != parquet.Int64 {
			return n, fmt.Errorf("%s in bytes is not read: write the column as double", v)
		}
		if v.Scale < 0 || v.Scale > maxScale {
			return n, fmt.Errorf("%s: need 0 to %d digits after the point: write the column as double", v, maxScale)
		}
		n.unit = math.Pow10(int(v.Scale))
	}
	return n, nil
}

// parquetCell judges a value of column j.
func (t *Table) parquetCell(j int, v parquet.Value, as parquetNumber) cell {
	if v.IsNull() {
		return t.miss(j)
	}
	switch v.Kind() {
	case parquet.Boolean:
		return t.intern(j, strconv.AppendBool(nil, v.Boolean()))
	case parquet.Int32:
		if as.unsigned {
			return t.number(j, float64(v.Uint32()))
		}
		return t.number(j, float64(v.Int32())/as.unit)
	case parquet.Int64:
		if as.unsigned {
			return t.number(j, float64(v.Uint64()))
		}
		return t.number(j, float64(v.Int64())/as.unit)
	case parquet.Float:
		return t.number(j, float64(v.Float()))
	case parquet.Double:
		return t.number(j, v.Double())
	case parquet.ByteArray, parquet.FixedLenByteArray:
		if as.half {
			return t.number(j, half(binary.LittleEndian.Uint16(v.ByteArray())))
		}
		return t.intern(j, v.ByteArray())
	}
	return t.intern(j, []byte(v.String()))
}
