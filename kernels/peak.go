package kernels

import "github.com/clprop/clprop/cl"

// peakChains is how many multiply-adds of a vector a round of peak.cl does.
const peakChains = 12

// PeakItems is how many work-items fill a device of so many compute units.
func (s *Set) PeakItems(units int) int {
	if s.Tuning.Family == Block {
		return 8 * units
	}
	return 1024 * units
}

// PeakFloats is how many floats the output of PeakFMA has.
func (s *Set) PeakFloats(items int) int { return roundUp(items, s.local) * s.Tuning.VW }

// PeakFMA launches rounds of multiply-adds on registers, by at least items
// work-items; out has PeakFloats(items) floats. See peak.cl. The factor 1/2 and the
// summand 1 make every chain tend to 2, far from overflow and denormals.
func (s *Set) PeakFMA(items, rounds int, out *cl.MemObject) (*Launch, error) {
	k, err := s.kernel("peakfma", macros{"CHUNK": s.Tuning.Chunk}, "peak.cl")
	if err != nil {
		return nil, err
	}
	local := 1
	if s.Tuning.Family == Tile {
		local = s.local
	}
	items = roundUp(items, local)
	l, err := s.launch("peakfma", k, []int{items}, []int{local})
	if err != nil {
		return nil, err
	}
	l.FLOPs = 2 * peakChains * float64(s.Tuning.VW) * float64(items) * float64(rounds)
	l.Bytes = 4 * float64(items*s.Tuning.VW)
	return l.args(rounds, float32(0.5), float32(1), out)
}

// PeakCopy launches copying n floats, a multiple of 16. See peak.cl.
func (s *Set) PeakCopy(n int, from, to *cl.MemObject) (*Launch, error) {
	if err := fits("peakcopy", n > 0 && n%16 == 0, "%d floats", n); err != nil {
		return nil, err
	}
	k, err := s.kernel("peakcopy", macros{"CHUNK": s.Tuning.Chunk}, "peak.cl")
	if err != nil {
		return nil, err
	}
	l, err := s.overItems("peakcopy", k, ceilDiv(n, s.Tuning.Chunk*s.Tuning.VW), 1)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(n)
	return l.args(n, from, to)
}

// PeakEmpty launches nothing at all. See peakempty.cl.
func (s *Set) PeakEmpty() (*Launch, error) {
	k, err := s.plain("peakempty")
	if err != nil {
		return nil, err
	}
	l, err := s.launch("peakempty", k, []int{1}, []int{1})
	if err != nil {
		return nil, err
	}
	return l.args(1)
}
