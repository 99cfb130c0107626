package trainer

import (
	"fmt"
	"io"

	"github.com/clprop/clprop/trainer/data"
)

// defaultShuffleBuffer is the slots of a stream's shuffle buffer where Config has none.
const defaultShuffleBuffer = 10000

// examples are a set as a pass sees it: with what training makes of labels and weights. Of a
// set that is held that is done, of a stream as the examples come.
type examples struct {
	*data.Set
	shaping shaping
}

// weighted reports whether examples have weights.
func (e examples) weighted() bool { return e.Weights != nil || e.Streamed != nil && e.shaping.weighs }

// stream gives the examples of a pass over a data.Streamed one after the other, out of a
// shuffleBuffer. What it holds is the slots of that, and not the set.
type stream struct {
	of     examples
	reader *data.StreamReader // nil before begin
	part   *data.Set          // of the reader, of which examples from at on are left
	at     int

	buffer  *shuffleBuffer // nil where the order is that of the file
	x, y, w []float32      // slots
	taken   int            // examples of this pass
}

// begin starts a pass: in the order of an epoch through so many slots, or in that of the file
// with one.
func (s *stream) begin(seed uint64, epoch, slots int) (err error) {
	if err := s.close(); err != nil {
		return err
	}
	if s.reader, err = s.of.Streamed.Read(); err != nil {
		return err
	}
	s.part, s.at, s.taken, s.buffer = nil, 0, 0, nil
	if slots <= 1 {
		return nil
	}
	s.buffer = newShuffleBuffer(seed, epoch, slots, s.of.Rows)
	s.x, s.y, s.w = s.x[:0], s.y[:0], s.w[:0]
	for range s.buffer.filled {
		if err := s.next(); err != nil {
			return err
		}
		s.x, s.y, s.w = s.take(s.x, s.y, s.w)
	}
	return nil
}

// load fills the host memory of an input with rows examples, from number from of the pass on:
// those before that are passed over, as when a training goes on from a checkpoint.
func (s *stream) load(in *input, from, rows int) error {
	for ; s.taken < from; s.taken++ {
		var err error
		if in.hostX, in.hostY, in.hostWeight, err = s.one(in.hostX[:0], in.hostY[:0], in.hostWeight[:0]); err != nil {
			return err
		}
	}
	in.hostX, in.hostY, in.hostWeight = in.hostX[:0], in.hostY[:0], in.hostWeight[:0]
	for range rows {
		var err error
		if in.hostX, in.hostY, in.hostWeight, err = s.one(in.hostX, in.hostY, in.hostWeight); err != nil {
			return err
		}
		s.taken++
	}
	if in.x.Half() {
		if err := checkHalves("streamed", from, s.of.Features, in.hostX); err != nil {
			return err
		}
	}
	return s.of.shaping.apply(in.hostY, in.hostWeight, s.of.Outputs)
}

// one appends the next example of the pass.
func (s *stream) one(x, y, w []float32) (_, _, _ []float32, err error) {
	if s.buffer == nil {
		if err := s.next(); err != nil {
			return x, y, w, err
		}
		x, y, w = s.take(x, y, w)
		return x, y, w, nil
	}
	slot, refilled := s.buffer.draw()
	features, outputs := s.of.Features, s.of.Outputs
	x = append(x, s.x[slot*features:][:features]...)
	y = append(y, s.y[slot*outputs:][:outputs]...)
	if s.of.weighted() {
		w = append(w, s.w[slot])
	}
	if refilled {
		if err := s.next(); err != nil {
			return x, y, w, err
		}
		s.take(s.x[:slot*features], s.y[:slot*outputs], s.w[:min(slot, len(s.w))])
		return x, y, w, nil
	}
	last := s.buffer.filled
	copy(s.x[slot*features:][:features], s.x[last*features:])
	copy(s.y[slot*outputs:][:outputs], s.y[last*outputs:])
	if s.of.weighted() {
		s.w[slot] = s.w[last]
	}
	return x, y, w, nil
}

// next makes sure that the reader has given an example that was not taken.
func (s *stream) next() (err error) {
	if s.part != nil && s.at < s.part.Rows {
		return nil
	}
	s.at = 0
	if s.part, err = s.reader.Next(); err == io.EOF {
		err = fmt.Errorf("%w: %w", ErrData, io.ErrUnexpectedEOF)
	}
	return err
}

// take appends the example that next made sure of.
func (s *stream) take(x, y, w []float32) (_, _, _ []float32) {
	x = append(x, s.part.X[s.at*s.part.Features:][:s.part.Features]...)
	y = append(y, s.part.Y[s.at*s.part.Outputs:][:s.part.Outputs]...)
	switch {
	case !s.of.weighted():
	case s.part.Weights != nil:
		w = append(w, s.part.Weights[s.at])
	default:
		w = append(w, 1)
	}
	s.at++
	return x, y, w
}

// close ends the pass. It is safe to call twice, and before begin.
func (s *stream) close() error {
	if s.reader == nil {
		return nil
	}
	reader := s.reader
	s.reader, s.part = nil, nil
	return reader.Close()
}

// Release is close, for memory. A file that was only read has no error that matters.
func (s *stream) Release() { _ = s.close() }

// streams reports whether a set is a stream.
func streams(set *data.Set) bool { return set != nil && set.Streamed != nil }

// checkStreams refuses what needs a set that is held. sets may be nil.
func (c Config) checkStreams(sets ...*data.Set) error {
	for _, set := range sets {
		switch {
		case !streams(set):
		case c.Optimizer.WholeSet():
			return fmt.Errorf("examples for optimizer %s %w: it goes over all of them many times an epoch: take another", c.Optimizer.Name, data.ErrNoStream)
		case c.Resident == ResidentYes:
			return fmt.Errorf("examples that are resident %w: they are nowhere as a whole", data.ErrNoStream)
		}
	}
	return nil
}
