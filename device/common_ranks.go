package device

// The methods of Ranked that make or change something, which ranks on one memory do at the
// same time: all write the same, between two meetings.

// SharesMemory reports whether ShareMemory has made the ranks work on one memory.
func (e *Ranked) SharesMemory() bool { return e.common != nil }

// inCommon is what a call makes, in memory that ranks have in common if they share one.
func inCommon[T any](e *Ranked, make func() (T, error)) (T, error) {
	if e.common == nil {
		return make()
	}
	e.own.common = e.common
	made, err := make()
	e.own.common = nil
	if err == nil {
		err = e.settled()
	}
	return made, err
}

// settled waits until all ranks have done what they queued.
func (e *Ranked) settled() error {
	if err := e.own.Sync(); err != nil {
		return err
	}
	return e.common.meet()
}

// written makes a change of dst. All ranks are there before it, and after.
func (e *Ranked) written(dst any, write func() error) error {
	in, ok := dst.(interface{ inCommon() bool })
	if e.common == nil || !ok || !in.inCommon() {
		return write()
	}
	if err := e.settled(); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	return e.settled()
}

func (b *buffer) inCommon() bool { return b.common }

func (p *openclParameters) inCommon() bool { return p.memory[0].common }

// NewMatrix is that of the engine.
func (e *Ranked) NewMatrix(rows, cols int) (Matrix, error) {
	return inCommon(e, func() (Matrix, error) { return e.Engine.NewMatrix(rows, cols) })
}

// NewHalfMatrix is that of the engine.
func (e *Ranked) NewHalfMatrix(rows, cols int) (Matrix, error) {
	return inCommon(e, func() (Matrix, error) { return e.Engine.NewHalfMatrix(rows, cols) })
}

// NewParameters is that of the engine.
func (e *Ranked) NewParameters(shapes []Shape) (Parameters, error) {
	return inCommon(e, func() (Parameters, error) { return e.Engine.NewParameters(shapes) })
}

// NewIndex is that of the engine.
func (e *Ranked) NewIndex(n int) (Index, error) {
	return inCommon(e, func() (Index, error) { return e.Engine.NewIndex(n) })
}

// NewTally is that of the engine.
func (e *Ranked) NewTally() (Tally, error) { return inCommon(e, e.Engine.NewTally) }

// Write is that of the engine.
func (e *Ranked) Write(dst Matrix, row int, src []float32) error {
	return e.written(dst, func() error { return e.Engine.Write(dst, row, src) })
}

// Upload is that of the engine; on one memory it is Write, since the others may be using
// what is there.
func (e *Ranked) Upload(dst Matrix, src []float32) (Transfer, error) {
	if in, ok := dst.(interface{ inCommon() bool }); e.common == nil || !ok || !in.inCommon() {
		return e.Engine.Upload(dst, src)
	}
	return uploaded{}, e.Write(dst, 0, src)
}

// WriteParameters is that of the engine.
func (e *Ranked) WriteParameters(dst Parameters, layer int, weights, bias []float32) error {
	return e.written(dst, func() error { return e.Engine.WriteParameters(dst, layer, weights, bias) })
}

// WriteIndex is that of the engine.
func (e *Ranked) WriteIndex(dst Index, rows []int32) error {
	return e.written(dst, func() error { return e.Engine.WriteIndex(dst, rows) })
}

// ResetTally is that of the engine.
func (e *Ranked) ResetTally(t Tally) error {
	return e.written(t, func() error { return e.Engine.ResetTally(t) })
}

// prepareCommon is Prepare on one memory: the engine's own plan, with each launch divided.
func (e *Ranked) prepareCommon(ops []Op) (Plan, error) {
	plan, err := inCommon(e, func() (Plan, error) { return e.own.Prepare(ops...) })
	if err != nil {
		return nil, err
	}
	return commonPlan{plan.(*openclPlan), e.common}, nil
}
