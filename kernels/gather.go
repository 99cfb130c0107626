package kernels

import "github.com/clprop/clprop/cl"

// The positions of from, the rows, their numbers and the batch among the arguments of gather.cl.
const (
	gatherFrom  = 2
	gatherRows  = 3
	gatherIndex = 4
	gatherBatch = 5
)

// Gather launches dst_i = src_index[from+i] for every row of dst; SetFrom gives from.
// Both are halves or none is. The row numbers (int32) must be inside src. See gather.cl.
func (s *Set) Gather(src Matrix, index *cl.MemObject, dst Matrix) (*Launch, error) {
	if err := fits("gather", src.Cols == dst.Cols && src.LD == dst.LD && src.Half == dst.Half, "src %v, dst %v", src, dst); err != nil {
		return nil, err
	}
	k, err := s.plain("gather")
	if err != nil {
		return nil, err
	}
	words := dst.Words()
	l, err := s.overRows("gather", k, words, dst.Rows)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(dst.Rows) * float64(words)
	l.rowBlock, l.anyRow, l.writes = 1, src.Buf, []*cl.MemObject{dst.Buf}
	return l.args(dst.Rows, words, 0, src.Buf, index, dst.Buf)
}

// SetFrom sets the position in the index that a launch made by Gather starts at.
func (l *Launch) SetFrom(from int32) error { return l.setInt(gatherFrom, from) }
