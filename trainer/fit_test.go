package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// recorder is an engine that writes down what is asked of it, can refuse
// allocations and can claim to be small.
type recorder struct {
	device.Engine
	plans     [][]string
	log       []string
	uploads   int
	allowance int // allocations left before they fail, if limited
	limited   bool
	info      *device.Info
}

var errNoMemory = errors.New("no memory")

func (r *recorder) Info() device.Info {
	if r.info != nil {
		return *r.info
	}
	return r.Engine.Info()
}

func (r *recorder) allocate() error {
	if r.limited && r.allowance == 0 {
		return errNoMemory
	}
	r.allowance--
	return nil
}

func (r *recorder) NewMatrix(rows, cols int) (device.Matrix, error) {
	if err := r.allocate(); err != nil {
		return nil, err
	}
	return r.Engine.NewMatrix(rows, cols)
}

func (r *recorder) NewParameters(shapes []device.Shape) (device.Parameters, error) {
	if err := r.allocate(); err != nil {
		return nil, err
	}
	return r.Engine.NewParameters(shapes)
}

func (r *recorder) NewIndex(n int) (device.Index, error) {
	if err := r.allocate(); err != nil {
		return nil, err
	}
	return r.Engine.NewIndex(n)
}

func (r *recorder) NewTally() (device.Tally, error) {
	if err := r.allocate(); err != nil {
		return nil, err
	}
	return r.Engine.NewTally()
}

func (r *recorder) ReadTally(t device.Tally) (device.Sums, error) {
	r.log = append(r.log, "read")
	return r.Engine.ReadTally(t)
}

func (r *recorder) Prepare(ops ...device.Op) (device.Plan, error) {
	if err := r.allocate(); err != nil {
		return nil, err
	}
	var names []string
	for _, op := range ops {
		name := fmt.Sprintf("%T", op)
		switch o := op.(type) {
		case device.Forward:
			name += fmt.Sprint(" ", o.Layer)
		case device.HiddenDelta:
			name += fmt.Sprint(" ", o.Layer)
		case device.Accumulate:
			name += fmt.Sprint(" ", o.Layer)
		}
		names = append(names, name)
	}
	r.plans = append(r.plans, names)
	plan, err := r.Engine.Prepare(ops...)
	return &recordedPlan{plan, r}, err
}

type recordedPlan struct {
	device.Plan
	r *recorder
}

func (p *recordedPlan) Run() error {
	p.r.log = append(p.r.log, "run")
	return p.Plan.Run()
}

func (r *recorder) Upload(dst device.Matrix, src []float32) (device.Transfer, error) {
	transfer, err := r.Engine.Upload(dst, src)
	r.uploads++
	r.log = append(r.log, fmt.Sprint("upload ", r.uploads))
	return recordedTransfer{transfer, r, r.uploads}, err
}

type recordedTransfer struct {
	device.Transfer
	r      *recorder
	number int
}

func (w recordedTransfer) Wait() error {
	w.r.log = append(w.r.log, fmt.Sprint("wait ", w.number))
	return w.Transfer.Wait()
}

// While step i computes, the batch of step i+1 goes up; the host waits only for
// the transfers of two steps ago, whose memory it needs.
func TestStreaming(t *testing.T) {
	rec := &recorder{Engine: device.OpenReference()}
	tr := open(t, newNetwork(t, NetworkConfig{Sizes: []int{2, 2}, Seed: 1}), rec)
	f := &fit{Trainer: tr, memory: memory{eng: rec}, config: Config{BatchSize: 2, Rate: 1, Resident: ResidentNo}}
	defer f.memory.release()
	if err := f.prepare(randomSet(1, 7, 2, 2), nil); err != nil {
		t.Fatal(err)
	}
	for step := range 4 {
		if err := f.train.run(step); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"upload 1", "upload 2", "run",
		"upload 3", "upload 4", "run",
		"wait 1", "wait 2", "upload 5", "upload 6", "run",
		"wait 3", "wait 4", "upload 7", "upload 8", "run",
	}
	if !slices.Equal(rec.log, want) {
		t.Errorf("got  %q\nwant %q", rec.log, want)
	}
}

// With an endless interval the host looks after 1 step, then after at most 4
// times as many each time, then never but at the end of an epoch.
func TestNoWaitInsideAStep(t *testing.T) {
	rec := &recorder{Engine: device.OpenReference()}
	tr := open(t, newNetwork(t, NetworkConfig{Sizes: []int{2, 2}, Seed: 1}), rec)
	c := Config{Epochs: 3, BatchSize: 1, Interval: math.MaxInt64}
	if _, err := tr.Fit(context.Background(), randomSet(1, 200, 2, 2), nil, c); err != nil {
		t.Fatal(err)
	}
	// In the first epoch after steps 1, 1+4, 5+16, 21+64 and at the end; in the
	// second not at all but at the end, since 256 steps are more than it has.
	var at []int
	runs := 0
	for _, what := range rec.log {
		if what == "run" {
			runs++
		} else {
			at = append(at, runs)
		}
	}
	if want := []int{1, 5, 21, 85, 201, 402, 603}; !slices.Equal(at, want) { // an epoch is 200 steps and the penalty
		t.Errorf("waits after %v plans, want %v", at, want)
	}
}

func TestPace(t *testing.T) {
	p := newPace(time.Second)
	p.start()
	if !p.due() {
		t.Fatal("not due after the first step")
	}
	p.since = time.Now().Add(-time.Minute) // it took a minute
	p.waited()
	if p.limit != 1 {
		t.Errorf("limit %d after a slow step, want 1", p.limit)
	}
	p.due()
	p.since = time.Now() // no time at all, or as good as
	p.waited()
	if p.limit != 4 {
		t.Errorf("limit %d after a fast step, want 4", p.limit)
	}
}

func TestProgress(t *testing.T) {
	var seen []Progress
	var epochs []Epoch
	c := Config{Epochs: 2, BatchSize: 4, Interval: 1,
		OnBatch: func(p Progress) { seen = append(seen, p) },
		OnEpoch: func(e Epoch) { epochs = append(epochs, e) }}
	_, history := fitted(t, NetworkConfig{Sizes: []int{3, 2}, Seed: 1}, randomSet(1, 10, 3, 2), nil, c)
	if !slices.Equal(epochs, history.Epochs) {
		t.Errorf("OnEpoch saw %v, history has %v", epochs, history.Epochs)
	}
	if len(seen) != 6 {
		t.Fatalf("%d calls of OnBatch, want one each of 6 steps", len(seen))
	}
	for i, p := range seen {
		step := i%3 + 1
		if p.Epoch != i/3+1 || p.Epochs != 2 || p.Step != step || p.Steps != 3 || p.Examples != min(4*step, 10) {
			t.Errorf("call %d: %+v", i, p)
		}
	}
	if p, e := seen[5], history.Last(); p.Loss != e.Loss || p.Accuracy != e.Accuracy || e.Rate != 0.1 || e.Validated {
		t.Errorf("last call %+v, last epoch %+v", p, e)
	}
}

// Parts of the validation set take less time than steps do: how many of them fit an interval
// says nothing about how many steps the host may be ahead, which a stop waits for.
func TestValidationLeavesThePaceOfSteps(t *testing.T) {
	c, err := Config{BatchSize: 1, Interval: time.Hour}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	tr := open(t, newNetwork(t, NetworkConfig{Sizes: []int{3, 4, 2}, Seed: 1}), device.OpenReference())
	f := &fit{Trainer: tr, config: c, memory: memory{eng: tr.eng}, pace: newPace(c.Interval), judging: newPace(c.Interval)}
	defer f.memory.release()
	if err := f.prepare(randomSet(1, 5, 3, 2), randomSet(2, 40, 3, 2)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.judge(context.Background()); err != nil {
		t.Fatal(err)
	}
	if f.pace.limit != 1 || f.judging.limit < 4 {
		t.Errorf("after 40 parts of validation the host may be ahead by %d steps, want 1, and by %d parts, want some", f.pace.limit, f.judging.limit)
	}
}

func TestCancellation(t *testing.T) {
	train := randomSet(1, 40, 3, 2)
	n := NetworkConfig{Sizes: []int{3, 4, 2}, Seed: 1}
	for _, cancelAt := range []Progress{{Epoch: 1, Step: 1}, {Epoch: 2, Step: 3}} {
		ctx, cancel := context.WithCancel(context.Background())
		net := newNetwork(t, n)
		before := net.clone()
		tr := open(t, net, device.OpenReference())
		history, err := tr.Fit(ctx, train, nil, Config{Epochs: 5, BatchSize: 4, Interval: 1, OnBatch: func(p Progress) {
			if p.Epoch == cancelAt.Epoch && p.Step == cancelAt.Step {
				cancel()
			}
		}})
		want := fmt.Sprintf("epoch %d, step %d of 10", cancelAt.Epoch, cancelAt.Step)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s canceled", err, want)
		}
		if len(history.Epochs) != cancelAt.Epoch-1 {
			t.Errorf("%d epochs in the history, want those completed, %d", len(history.Epochs), cancelAt.Epoch-1)
		}
		// The network holds what the device does, and that is not where it began.
		after := net.clone()
		if _, err := tr.read(); err != nil || !sameBits(after, net) || sameBits(after, before) {
			t.Errorf("canceled at %+v: the weights so far are not there (%v)", cancelAt, err)
		}
		cancel()
	}
}

func TestCancelledBeforehand(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), -1)
	defer cancel()
	net := newNetwork(t, NetworkConfig{Sizes: []int{3, 2}, Seed: 1})
	before := net.clone()
	history, err := open(t, net, device.OpenReference()).Fit(ctx, randomSet(1, 4, 3, 2), nil, Config{})
	if !errors.Is(err, context.DeadlineExceeded) || len(history.Epochs) != 0 || !sameBits(net, before) {
		t.Errorf("error %v, %d epochs", err, len(history.Epochs))
	}
}

func TestDivergence(t *testing.T) {
	train := randomSet(1, 40, 3, 2)
	net := newNetwork(t, NetworkConfig{Sizes: []int{3, 4, 2}, Seed: 1})
	tr := open(t, net, device.OpenReference())
	if _, err := tr.Fit(context.Background(), train, nil, Config{Epochs: 2}); err != nil {
		t.Fatal(err)
	}
	good := net.clone()
	history, err := tr.Fit(context.Background(), train, nil, Config{Epochs: 50, BatchSize: 4, Rate: 1e30})
	if !errors.Is(err, ErrDiverged) || len(history.Epochs) != 0 {
		t.Fatalf("error %v after %d epochs", err, len(history.Epochs))
	}
	if !strings.Contains(err.Error(), "epoch 3: training diverged") || !strings.Contains(err.Error(), "keeps the weights of epoch 2") {
		t.Errorf("error %v does not say when and what is left", err)
	}
	if !sameBits(net, good) {
		t.Error("the weights before are lost")
	}
	// The device went back too, so that training goes on from there.
	if kept, err := tr.read(); err != nil || !kept || !sameBits(net, good) {
		t.Errorf("the device holds other weights (%v)", err)
	}
	if _, err := tr.Fit(context.Background(), train, nil, Config{Epochs: 1}); err != nil {
		t.Error(err)
	}
}

// The last step of an epoch can spoil a weight that no loss has seen yet, and a
// bias is not in the penalty either: δ = ½ − 2, and 1.5·3e38 is no float32.
func TestDivergenceInTheLastStep(t *testing.T) {
	set := &data.Set{Rows: 2, Features: 1, Outputs: 1, X: []float32{0, 0}, Y: []float32{2, 2}}
	net := newNetwork(t, NetworkConfig{Sizes: []int{1, 1}, Seed: 1})
	before := net.clone()
	_, err := open(t, net, device.OpenReference()).Fit(context.Background(), set, nil, Config{Epochs: 1, Rate: 3e38})
	if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "a weight is not finite") || !sameBits(net, before) {
		t.Errorf("error %v, weights %v", err, net.Layers)
	}
}

// Whatever allocation or plan fails, the device's error comes back with what it
// was for, and nothing stays allocated.
func TestAllocationFailures(t *testing.T) {
	train, validation := randomSet(1, 7, 3, 2), randomSet(2, 5, 3, 2)
	for _, resident := range []Resident{ResidentYes, ResidentNo} {
		failures := 0
		for ; ; failures++ {
			eng := &recorder{Engine: device.OpenReference()}
			net := newNetwork(t, NetworkConfig{Sizes: []int{3, 4, 2}, Seed: 1})
			tr := open(t, net, eng)
			held := eng.Counters().Allocated
			eng.limited, eng.allowance = true, failures
			_, err := tr.Fit(context.Background(), train, validation, Config{Epochs: 1, BatchSize: 2, Resident: resident})
			if got := eng.Counters().Allocated; got != held {
				t.Errorf("allocation %d failed: %d bytes more are allocated", failures, got-held)
			}
			if err == nil {
				break
			}
			if !errors.Is(err, errNoMemory) || !(strings.Contains(err.Error(), "allocating ") || strings.Contains(err.Error(), "preparing ")) {
				t.Errorf("allocation %d failed: error %v", failures, err)
			}
		}
		// The units are a(2), a(3), δ(2), δ(3), z; then Δ, D and the tally; at least
		// three plans and one input.
		if failures < 13 {
			t.Errorf("only %d allocations", failures)
		}
	}
	eng := &recorder{Engine: device.OpenReference(), limited: true}
	if _, err := New(newNetwork(t, NetworkConfig{Sizes: []int{3, 2}}), eng); !errors.Is(err, errNoMemory) || !strings.Contains(err.Error(), "the weights of 3-2") {
		t.Errorf("error %v", err)
	}
}

// A small device: what cannot fit is refused with a batch that does, what fits
// but for the examples is streamed.
func TestSmallDevice(t *testing.T) {
	net := newNetwork(t, NetworkConfig{Sizes: []int{100, 50, 10}, Seed: 1})
	train := randomSet(1, 1000, 100, 10) // 440 kB
	eng := &recorder{Engine: device.OpenReference(), info: &device.Info{Name: "thimble", TotalMemory: 100_000}}
	tr := open(t, net, eng)
	_, err := tr.Fit(context.Background(), train, nil, Config{Epochs: 1, BatchSize: 1000})
	if !errors.Is(err, ErrMemory) {
		t.Fatalf("error %v", err)
	}
	var fits int
	if _, after, found := strings.Cut(err.Error(), "a batch of "); !found {
		t.Fatalf("error %v names no batch", err)
	} else if _, err := fmt.Sscan(after, &fits); err != nil {
		t.Fatal(err)
	}
	most, before := int64(0), eng.Counters().Allocated
	needs := func(batch int) int64 { // without New's part
		c, err := Config{Epochs: 1, BatchSize: batch}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		f := &fit{Trainer: tr, config: c}
		n, err := f.needs(c, train, nil)
		if err != nil {
			t.Fatal(err)
		}
		return before + n
	}
	history, err := tr.Fit(context.Background(), train, nil, Config{Epochs: 1, BatchSize: fits, Interval: 1,
		OnBatch: func(Progress) { most = max(most, eng.Counters().Allocated) }})
	if err != nil || history.Resident {
		t.Fatalf("batch %d: resident %v, error %v", fits, history.Resident, err)
	}
	// By hand, on an engine that pads nothing: Θ, Δ and D; a batch's activations and
	// errors, z(L), and inputs and labels twice; and 4 sums of 8 bytes.
	if want := int64(4*(3*(100*50+50+50*10+10)+fits*(2*(50+10)+10+2*(100+10))) + 32); most != want || most != needs(fits) || most > 100_000 {
		t.Errorf("%d bytes allocated, by hand %d, needs says %d", most, want, needs(fits))
	}
	if _, err := tr.Fit(context.Background(), train, nil, Config{Epochs: 1, BatchSize: fits + 1}); !errors.Is(err, ErrMemory) {
		t.Errorf("batch %d: error %v", fits+1, err)
	}

	eng.info = &device.Info{Name: "bucket", TotalMemory: 10_000_000, MaxAllocation: 399_999}
	history, err = tr.Fit(context.Background(), train, nil, Config{Epochs: 1})
	if err != nil || history.Resident {
		t.Errorf("X is over MaxAllocation: resident %v, error %v", history.Resident, err)
	}
	eng.info.MaxAllocation++
	most = 0
	history, err = tr.Fit(context.Background(), train, nil, Config{Epochs: 1, Interval: 1,
		OnBatch: func(Progress) { most = max(most, eng.Counters().Allocated) }})
	if err != nil || !history.Resident {
		t.Errorf("X is MaxAllocation: resident %v, error %v", history.Resident, err)
	}
	if want := needs(32); most != want {
		t.Errorf("%d bytes allocated, needs says %d", most, want)
	}
}

func TestBadInput(t *testing.T) {
	net := newNetwork(t, NetworkConfig{Sizes: []int{3, 2}})
	tr := open(t, net, device.OpenReference())
	good := randomSet(1, 4, 3, 2)
	change := func(do func(*data.Set)) *data.Set {
		s := *good
		do(&s)
		return &s
	}
	for want, s := range map[string]*data.Set{
		"training set: examples do not fit: no examples": nil,
		"no examples":                    {Features: 3, Outputs: 2},
		"2 features, network 3-2 takes":  randomSet(1, 4, 2, 2),
		"5 outputs, network 3-2 gives 2": randomSet(1, 4, 3, 5),
		"no labels":                      change(func(s *data.Set) { s.Y = nil }),
		"11 inputs and 8 labels for 4":   change(func(s *data.Set) { s.X = s.X[:11] }),
		"12 inputs and 7 labels":         change(func(s *data.Set) { s.Y = s.Y[:7] }),
	} {
		if _, err := tr.Fit(context.Background(), s, nil, Config{}); !errors.Is(err, ErrData) || !strings.Contains(err.Error(), want) {
			t.Errorf("fit: error %v, want %s", err, want)
		}
		if _, err := tr.Evaluate(t.Context(), s); !errors.Is(err, ErrData) {
			t.Errorf("evaluate: error %v, want %s", err, want)
		}
	}
	if _, err := tr.Fit(context.Background(), good, randomSet(1, 4, 2, 2), Config{}); err == nil || !strings.Contains(err.Error(), "validation set") {
		t.Errorf("error %v", err)
	}
	for want, c := range map[string]Config{
		"epochs is -1":         {Epochs: -1},
		"epochs is 1073741825": {Epochs: 1<<30 + 1}, // which no checkpoint may have
		"keep -1":              {Checkpoints: &Checkpoints{Keep: -1}},
		"Steps:-2":             {Checkpoints: &Checkpoints{Every: Every{Steps: -2}}},
		"need 1 to ":           {Epochs: -1},
		"batch size is -2":     {BatchSize: -2},
		"micro-batch is -2":    {MicroBatch: -2},
		"rate is -0.1":         {Rate: -0.1},
		"rate is NaN":          {Rate: math.NaN()},
		"rate is +Inf":         {Rate: math.Inf(1)},
		"lambda is -1":         {Lambda: -1},
		"lambda is NaN":        {Lambda: math.NaN()},
		"interval is -1":       {Interval: -1},
		`resident is "some": `: {Resident: "some"},
	} {
		if _, err := tr.Fit(context.Background(), good, nil, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if _, err := tr.Predict(t.Context(), make([]float32, 4), 0); !errors.Is(err, ErrData) {
		t.Errorf("predict: error %v", err)
	}
	if _, err := tr.Predict(t.Context(), good.X, -1); err == nil {
		t.Error("predict: batch size −1 is accepted")
	}
	if h, err := tr.Predict(t.Context(), nil, 0); err != nil || len(h) != 0 {
		t.Errorf("predict nothing: %v, %v", h, err)
	}
	tr.Close()
	if _, err := tr.Fit(context.Background(), good, nil, Config{}); !errors.Is(err, device.ErrReleased) {
		t.Errorf("after Close: error %v", err)
	}
	if _, err := New(nil, tr.eng); err == nil {
		t.Error("New takes nil")
	}
}
