package data

import "math"

// cell is one cell of a Table in 8 bytes: the bits of a finite float64, or a NaN
// whose low bits say what else is there.
//
//	exponent not all ones   a number
//	0x7ff8 0000 0000 0000   missing
//	0xfff8 0000 cccc cccc   text c of its column
type cell uint64

const (
	missingCell  cell = 0x7ff8 << 48
	textCell     cell = 0xfff8 << 48
	exponentMask cell = 0x7ff0 << 48
)

func numberCell(x float64) cell { return cell(math.Float64bits(x)) }

func (c cell) isNumber() bool  { return c&exponentMask != exponentMask }
func (c cell) number() float64 { return math.Float64frombits(uint64(c)) }
func (c cell) isText() bool    { return c&textCell == textCell }
func (c cell) text() int       { return int(uint32(c)) }

// isMissing reports whether a cell of a file stands for a value that nobody
// knows: nothing, NA, N/A, NaN, null or ?.
func isMissing(b []byte) bool {
	switch string(b) {
	case "", "?", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL":
		return true
	}
	return false
}
