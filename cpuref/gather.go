package cpuref

import "fmt"

// Gather copies examples into a batch: dst_i = src_rows[i], for every row i of
// dst. src: n × cols, rows: b numbers in 0 … n−1, dst: b × cols. It panics on a
// number outside src, before anything is written.
func Gather[T Float](src Matrix[T], rows []int32, dst Matrix[T]) {
	if !src.is(src.Rows, dst.Cols) || !dst.is(len(rows), dst.Cols) {
		panic(unfit("Gather", "src dst", src, dst) + fmt.Sprintf(", %d row numbers", len(rows)))
	}
	for i, r := range rows {
		if r < 0 || int(r) >= src.Rows {
			panic(fmt.Sprintf("cpuref.Gather: rows[%d] is %d: src has %d rows", i, r, src.Rows))
		}
	}
	for i, r := range rows {
		copy(dst.Row(i), src.Row(int(r)))
	}
}
