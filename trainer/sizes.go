package trainer

import (
	"errors"
	"fmt"
	"math/bits"
	"sort"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// Settle returns c as Fit would go by it: with its defaults, and with the sizes that are
// AutoSize chosen for the device. Fit does the same again with what it returns.
func (t *Trainer) Settle(train, validation *data.Set, c Config) (Config, error) {
	c, err := c.withDefaults()
	if err == nil {
		err = t.checkSet("training set", train)
	}
	if err == nil && validation != nil {
		err = t.checkSet("validation set", validation)
	}
	f := &fit{Trainer: t, config: c}
	if err == nil {
		err = f.settle(train, validation)
	}
	return f.config, err
}

// settle chooses the sizes that are AutoSize, and cuts those that are larger than the set.
// A Fit that goes on has the sizes that it began with.
func (f *fit) settle(train, validation *data.Set) error {
	c := &f.config
	if streams(train) && c.ShuffleBuffer == 0 {
		c.ShuffleBuffer = defaultShuffleBuffer
	}
	if c.Resume != nil {
		was := c.Resume.Config
		if c.BatchSize == AutoSize && was.BatchSize > 0 {
			c.BatchSize = was.BatchSize
		}
		if c.MicroBatch == AutoSize && was.MicroBatch >= 0 {
			c.MicroBatch = was.MicroBatch
		}
	}
	if err := f.chooseSizes(train, validation); err != nil {
		return err
	}
	if c.Optimizer.WholeSet() && c.BatchSize < train.Rows {
		return conflict("batch size is %d: %s takes all %d examples a step: leave it out, and choose a micro-batch for parts of them", c.BatchSize, c.Optimizer.Name, train.Rows)
	}
	if c.MicroBatch >= c.BatchSize || c.MicroBatch == AutoSize {
		c.MicroBatch = 0
	}
	if err := c.checkRange("training", train); err != nil {
		return err
	}
	if err := c.checkRange("validation", validation); err != nil {
		return err
	}
	return f.net.checkBatchNorm(train.Rows, f.ranks.summing(), *c)
}

// chooseSizes chooses the sizes that are AutoSize; BatchSize is at most that of the set then.
func (f *fit) chooseSizes(train, validation *data.Set) (err error) {
	c, try := &f.config, f.config
	if c.BatchSize == AutoSize {
		try.MicroBatch = max(c.MicroBatch, 0)
		c.BatchSize, err = f.largest(train, validation, train.Rows, func(n int) Config { try.BatchSize = n; return try })
		if err != nil {
			return err
		}
	}
	c.BatchSize = min(c.BatchSize, train.Rows)
	if c.MicroBatch != AutoSize {
		return nil
	}
	try.BatchSize, try.MicroBatch = c.BatchSize, 0
	if fits, err := f.fits(try, train, validation); err != nil || fits {
		return err
	}
	c.MicroBatch, err = f.largest(train, validation, c.BatchSize, func(n int) Config { try.MicroBatch = n; return try })
	return err
}

// largest is the largest power of two, at most most, for which training as sized says
// fits; 1 if none does.
func (f *fit) largest(train, validation *data.Set, most int, sized func(int) Config) (int, error) {
	for shift := bits.Len(uint(most)) - 1; shift > 0; shift-- {
		if fits, err := f.fits(sized(1<<shift), train, validation); err != nil || fits {
			return 1 << shift, err
		}
	}
	return 1, nil
}

// fits reports whether training as c says leaves a quarter of the memory that is free: to
// the driver, which needs some of its own, and to other programs.
func (f *fit) fits(c Config, train, validation *data.Set) (bool, error) {
	total := f.eng.Info().TotalMemory
	needed, err := f.needs(c, train, validation)
	var refused *device.MemoryError
	if errors.As(err, &refused) {
		return false, nil
	}
	return total == 0 || needed <= (total-f.eng.Counters().Allocated)/4*3, err
}

// Fits reports whether Fit with c fits the memory of an engine, or, of sizes that are
// AutoSize, with some, before anything is allocated there. It is for choosing engines; Fit
// itself says what does not fit, and what would.
func Fits(net *Network, eng device.Engine, train, validation *data.Set, c Config) (bool, error) {
	counts := sized{eng.Sizing(), eng.Info()}
	t := &Trainer{net: net, eng: counts, memory: memory{eng: counts}, ranks: ranksOf(eng)}
	var refused *device.MemoryError
	err := t.allocate()
	if err == nil {
		c, err = t.Settle(train, validation, c)
	}
	needed := int64(0)
	if err == nil {
		needed, err = (&fit{Trainer: t, config: c}).needs(c, train, validation)
	}
	if errors.As(err, &refused) {
		return false, nil
	}
	total := counts.info.TotalMemory
	return total == 0 || needed <= total-counts.Counters().Allocated, err
}

// Holds reports whether an engine has memory for evaluating a network and predicting by it, in
// whatever batches, before anything is allocated there.
func Holds(net *Network, eng device.Engine) (bool, error) {
	counts := sized{eng.Sizing(), eng.Info()}
	t := &Trainer{net: net, eng: counts, memory: memory{eng: counts}}
	err := t.allocate()
	if err == nil {
		err = fitting(evaluationBatch, t.tryBatch)
	}
	var refused *device.MemoryError
	if errors.As(err, &refused) {
		return false, nil
	}
	return err == nil, err
}

// tryBatch counts, on an engine that only counts, what predicting in batches of a size takes and
// evaluating more than that, and returns a device.MemoryError if it is more than there is.
func (t *Trainer) tryBatch(size int) error {
	p, err := t.NewPredictor(size)
	if err != nil {
		return err
	}
	defer p.Close()
	p.memory.matrix("the labels of a batch", size, t.net.outputs())
	p.memory.tally()
	info, needed := t.eng.Info(), t.eng.Counters().Allocated
	if p.memory.err == nil && info.TotalMemory > 0 && needed > info.TotalMemory {
		return &device.MemoryError{What: fmt.Sprintf("a batch of %d", size), Need: needed, Have: info.TotalMemory, Device: info.Name}
	}
	return p.memory.err
}

// needs returns how many bytes prepare will take for a Config, exactly: it is prepare on
// an engine that only counts.
func (f *fit) needs(c Config, train, validation *data.Set) (int64, error) {
	t := *f.Trainer
	t.eng = sized{f.eng.Sizing(), f.eng.Info()}
	try := &fit{Trainer: &t, config: c, memory: memory{eng: t.eng, ranks: t.ranks}}
	before := t.eng.Counters().Allocated
	err := try.prepare(train, validation)
	return t.eng.Counters().Allocated - before, err
}

// checkFits compares what is needed with what the device has, before anything is
// allocated, and names what fits.
func (f *fit) checkFits(train, validation *data.Set) error {
	info := f.eng.Info()
	if info.TotalMemory == 0 { // not limited
		return nil
	}
	available := max(0, info.TotalMemory-f.eng.Counters().Allocated) // the CPU reference has taken what it was asked for, even beyond
	needed, err := f.needs(f.config, train, validation)
	var refused *device.MemoryError
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	if err == nil && needed <= available {
		return nil
	}
	what := fmt.Sprintf("network %v with batch %d", f.net, f.config.BatchSize)
	if f.config.MicroBatch > 0 {
		what += fmt.Sprintf(" in parts of %d", f.config.MicroBatch)
	}
	advice := f.whatFits(available, train, validation)
	if err != nil {
		return fmt.Errorf("%s: %w: %s: %w", what, ErrMemory, advice, err)
	}
	return fmt.Errorf("%s: %w: needs %s more, %s has %s left of %s: %s",
		what, ErrMemory, device.FormatBytes(needed), info.Name, device.FormatBytes(available), device.FormatBytes(info.TotalMemory), advice)
}

// whatFits names the largest batch that fits, or that is run in parts, and the parts in
// which this one does.
func (f *fit) whatFits(available int64, train, validation *data.Set) string {
	// The first number of examples from the top that fits: what is needed grows with it.
	below := func(most int, sized func(int) Config) int {
		return most - 1 - sort.Search(most-1, func(i int) bool {
			n, err := f.needs(sized(most-1-i), train, validation)
			return err == nil && n <= available
		})
	}
	c := f.config
	parts := below(c.part(), func(n int) Config { c.MicroBatch = n; return c })
	if parts < 1 {
		return "no batch fits: make the layers smaller, or split them over several devices, such as --device 0,1"
	}
	if f.config.MicroBatch > 0 {
		return fmt.Sprintf("a micro-batch of %d fits", parts)
	}
	whole := below(c.BatchSize, func(n int) Config { c.BatchSize, c.MicroBatch = n, 0; return c })
	return fmt.Sprintf("a batch of %d fits, or this one in parts with a micro-batch of %d, which has the same result", whole, parts)
}
