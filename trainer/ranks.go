package trainer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/durable"
)

// ErrRanks: the ranks of one training are not at the same thing, or no longer.
var ErrRanks = errors.New("ranks differ")

// errOtherRank is why a Fit ends whose own context did not.
var errOtherRank = fmt.Errorf("another rank was stopped: %w", context.Canceled)

// ranks is the processes that train together; that of one process is empty.
//
// Each has all examples and the whole network, and goes through the same batches in the
// same order. Of each batch it works on its share, device.Ranked.Share, which is all of it
// where ranks share memory and divide the kernels instead; D, and all that
// follows from it, is that of the whole batch. So what decides the course of training,
// such as losses, is the same on all, without a word between them; what differs, clocks
// and signals, is agreed on after each step.
type ranks struct{ eng *device.Ranked }

func ranksOf(eng device.Engine) ranks {
	r, _ := eng.(*device.Ranked)
	return ranks{r}
}

// count is how many ranks there are.
func (r ranks) count() int {
	if r.eng == nil {
		return 1
	}
	return r.eng.Ranks()
}

func (r ranks) several() bool { return r.count() > 1 }

// summing is how many ranks add up Δ: those that share memory do not, and are as one.
func (r ranks) summing() int {
	if r.eng != nil && r.eng.SharesMemory() {
		return 1
	}
	return r.count()
}

// share is which of m examples are this rank's: rows from one on.
func (r ranks) share(m int) (from, rows int) {
	if r.eng == nil {
		return 0, m
	}
	return r.eng.Share(m)
}

// local is the engine without the other ranks: for what each does by itself.
func (r ranks) local(eng device.Engine) device.Engine {
	if r.eng == nil {
		return eng
	}
	return r.eng.Local()
}

// Compress says how sums over ranks travel.
type Compress string

// The ways for sums over ranks.
const (
	// CompressNone sends float32.
	CompressNone Compress = ""
	// CompressFP16 sends float16, with half of the traffic: Δ is rounded to 11 bits on each
	// rank, and so is the sum. See mpi.World.SumHalves for the bound.
	CompressFP16 Compress = "fp16"
)

// compress sets how the sums of the plans travel.
func (r ranks) compress(c Compress) {
	if r.eng != nil {
		r.eng.SendHalves(c == CompressFP16)
	}
}

// check refuses what is done step by step in one process.
func (r ranks) check(c Config) error {
	switch {
	case !r.several():
		return nil
	case c.VerifyEvery > 0:
		return conflict("verifying steps is for one process, there are %d ranks: verify with one", r.count())
	case c.Precision == FP16:
		return conflict("precision fp16 is for one process, there are %d ranks: use one, or precision fp32", r.count())
	case c.Optimizer.WholeSet():
		return conflict("optimizer %s is for one process, there are %d ranks: use another, or one process", c.Optimizer.Name, r.count())
	case c.OnDivergence == DivergenceReload:
		return conflict("going back after a divergence is for one process, there are %d ranks: stop, and go on from a checkpoint with a smaller rate", r.count())
	}
	return nil
}

// joint returns the context of a Fit: that of the caller, or, of several ranks, one that
// ends when all know that one of theirs has ended.
func (r ranks) joint(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	if !r.several() {
		return ctx, func(error) {}
	}
	return context.WithCancelCause(context.WithoutCancel(ctx))
}

// agreement is what is to be done between two steps.
type agreement struct {
	look bool // at the sums
	save bool // a checkpoint
	late bool // the time is over
	stop bool // the caller of a rank no longer wants to go on
}

// agree makes f.agreed what any rank wants; own is what this one does.
func (f *fit) agree(own agreement) error {
	if f.agreed = own; !f.ranks.several() {
		return nil
	}
	own.late, own.stop = f.overdue(), f.outer.Err() != nil
	var bits uint32
	for i, wanted := range []bool{own.look, own.save, own.late, own.stop} {
		if wanted {
			bits |= 1 << i
		}
	}
	bits, err := f.ranks.eng.Agree(bits)
	if err != nil {
		return err
	}
	f.agreed = agreement{bits&1 != 0, bits&2 != 0, bits&4 != 0, bits&8 != 0}
	if f.agreed.stop {
		cause := f.outer.Err()
		if cause == nil {
			cause = errOtherRank
		}
		f.stop(cause)
	}
	return nil
}

// ending is why ctx, which joint returned, has ended, or nil: the error of the caller's context,
// or that another rank was stopped.
func (f *fit) ending(ctx context.Context) error {
	if f.ranks.several() {
		return context.Cause(ctx) // Err knows nothing of deadlines there
	}
	return ctx.Err()
}

// agreeAfter is agree after a step of the epoch under way.
func (f *fit) agreeAfter(step int) error {
	look := f.pace.due()
	// The clock is looked at where the host waits: a few times a second.
	save := f.keeper != nil && (look || f.keeper.Every.Time == 0) && f.keeper.due(f.epochs-f.before, step)
	return f.agree(agreement{look: look, save: save})
}

// part is the most examples that the device of this rank takes at a time.
func (f *fit) part() int {
	if f.ranks.summing() == 1 {
		return f.config.part()
	}
	n := f.ranks.count()
	share := (f.config.BatchSize + n - 1) / n
	return min(f.config.part(), share+share%2) // see device.Ranked.Share
}

// noDelta makes Δ 0, where this rank has no example in a batch.
func (f *fit) noDelta() error {
	if f.zero == nil {
		f.zero = newLayers(f.net)
	}
	for l, layer := range f.zero {
		if err := f.eng.WriteParameters(f.to.sum, l, layer.W, layer.B); err != nil {
			return fmt.Errorf("writing Δ of layer %d: %w", l, err)
		}
	}
	return nil
}

// compare refuses to begin with ranks that would not train the same network, on the same
// examples, in the same way and to the same bits.
func (f *fit) compare() error {
	if !f.ranks.several() {
		return nil
	}
	info := f.eng.Info()
	for _, part := range []struct {
		what, advice string
		value        any
	}{
		{"configuration", "give all ranks the same flags", f.config},
		{"training set", "give all ranks the same files", f.sets[0]},
		{"validation set", "give all ranks the same files", f.sets[1]},
		{"network", "give all ranks the same flags", f.net.architecture()},
		{"device", "ranks on devices that round differently come apart: name one that all have, with its driver", NewMachine(info)},
	} {
		text, err := json.Marshal(part.value)
		if err != nil {
			return fmt.Errorf("%s: %w", part.what, err)
		}
		sum := sha256.Sum256(text)
		if err := f.sameOn(part.what, part.advice, sum[:]); err != nil {
			return err
		}
	}
	return f.compareWeights("to begin with")
}

// compareWeights says so when the weights that the networks of all ranks hold are not
// the same bits.
func (f *fit) compareWeights(when string) error {
	if !f.ranks.several() {
		return nil
	}
	sum := sha256.New()
	for _, layer := range f.net.all() {
		_ = durable.WriteFloats(sum, layer.W)
		_ = durable.WriteFloats(sum, layer.B) // a hash takes all
	}
	return f.sameOn("weights "+when, "the devices or their drivers round differently, or memory is faulty", sum.Sum(nil))
}

// sameOn compares a hash with those of the other ranks. All of them get the same answer.
func (f *fit) sameOn(what, advice string, sum []byte) error {
	differing, err := f.ranks.eng.Differing(binary.LittleEndian.Uint64(sum))
	if err != nil || len(differing) == 0 {
		return err
	}
	return fmt.Errorf("%w: rank %d has other %s than rank 0 (%d of %d ranks do): %s",
		ErrRanks, differing[0], what, len(differing), f.ranks.count(), advice)
}
