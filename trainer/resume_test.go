package trainer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/checkpoint"
	"github.com/clprop/clprop/trainer/data"
)

// stopAfter is an engine that ends a context after so many plans have run: those
// of training steps, penalties and validation batches alike.
type stopAfter struct {
	device.Engine
	left int
	stop func()
}

func (e *stopAfter) Prepare(ops ...device.Op) (device.Plan, error) {
	p, err := e.Engine.Prepare(ops...)
	return &stoppingPlan{p, e}, err
}

type stoppingPlan struct {
	device.Plan
	e *stopAfter
}

func (p *stoppingPlan) Run() error {
	if p.e.left--; p.e.left == 0 {
		p.e.stop()
	}
	return p.Plan.Run()
}

var resumeNet = NetworkConfig{Sizes: []int{5, 7, 3}, Hidden: device.Tanh, Seed: 3}

// 23 examples in batches of 5 are 4 steps and a smaller one; 11 are 3 batches to
// validate on; with the penalty an epoch runs 9 plans.
func resumeConfig() Config {
	return Config{Epochs: 3, BatchSize: 5, Seed: 7, Lambda: 0.1, Schedule: Schedule{Name: ScheduleCosine}}
}

// timeless is a history without what a clock says.
func timeless(h *History) []Epoch {
	epochs := slices.Clone(h.Epochs)
	for i := range epochs {
		epochs[i].Seconds, epochs[i].SamplesPerSecond, epochs[i].DataSeconds = 0, 0, 0
	}
	return epochs
}

// stopAndResume stops a Fit after n plans, and goes on from its folder as a new
// process would: with other first weights and a new Trainer.
func stopAndResume(t *testing.T, eng device.Engine, n int, c Config, train, validation *data.Set) (*Network, *History, []byte) {
	t.Helper()
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.Checkpoints = &Checkpoints{Folder: folder, Every: Every{Epochs: 1}}
	_, err := open(t, newNetwork(t, resumeNet), &stopAfter{eng, n, cancel}).Fit(ctx, train, validation, c)
	if !errors.Is(err, context.Canceled) && err != nil { // after the last step it is too late to stop
		t.Fatal(err)
	}
	s, _, notes, err := Recover(folder)
	if err != nil || len(notes) > 0 {
		t.Fatal(err, notes)
	}
	other := resumeNet
	other.Seed = 99
	net := newNetwork(t, other)
	c.Resume = s
	h, err := open(t, net, eng).Fit(context.Background(), train, validation, c)
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(folder, MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	return net, h, table
}

// Stopped after any step, in the middle of an epoch and while validating, training
// ends with the bits of the one that was never stopped: on the reference and on
// OpenCL, with examples on the device and streamed.
func TestResumeIsExact(t *testing.T) {
	train, validation := randomSet(1, 23, 5, 3), randomSet(2, 11, 5, 3)
	check := func(t *testing.T, eng device.Engine, resident Resident, change func(*Config), every int) {
		c := resumeConfig()
		c.Resident = resident
		change(&c)
		want := newNetwork(t, resumeNet)
		h, err := open(t, want, eng).Fit(context.Background(), train, validation, c)
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 26; n += every { // of 27
			got, history, table := stopAndResume(t, eng, n, c, train, validation)
			if !sameBits(got, want) {
				t.Errorf("stopped after %d plans: other weights", n)
			}
			if a, b := timeless(history), timeless(h); !slices.Equal(a, b) || history.Best != h.Best || (history.Stopped == nil) != (h.Stopped == nil) {
				t.Errorf("stopped after %d plans: history\n got %+v\nwant %+v", n, a, b)
			}
			if b := metrics(h.Epochs, 5); !bytes.Equal(table, b) {
				t.Errorf("stopped after %d plans: metrics\n%s\nwant\n%s", n, table, b)
			}
		}
	}
	for _, resident := range []Resident{ResidentYes, ResidentNo} {
		same := func(*Config) {}
		t.Run("reference "+string(resident), func(t *testing.T) { check(t, device.OpenReference(), resident, same, 1) })
		t.Run("OpenCL "+string(resident), func(t *testing.T) { check(t, openOpenCL(t), resident, same, 1) })
	}
	for name, change := range resumeVariants {
		t.Run("reference "+name, func(t *testing.T) { check(t, device.OpenReference(), ResidentAuto, change, 1) })
		t.Run("OpenCL "+name, func(t *testing.T) { check(t, openOpenCL(t), ResidentAuto, change, 5) }) // each compiles anew
	}
}

// resumeVariants are what else has a state that a checkpoint must hold.
var resumeVariants = map[string]func(*Config){
	"early stopping": func(c *Config) { // no epoch is better by so much: the first is the best
		c.Stop = Stopping{Patience: 2, MinDelta: 100}
	},
	"best epoch": func(c *Config) { c.Stop = Stopping{Patience: 3} },
	"steps":      func(c *Config) { c.Stop = Stopping{Steps: 12, Patience: 9} },
	"plateau": func(c *Config) {
		c.Schedule, c.Stop.MinDelta = Schedule{Name: SchedulePlateau, Patience: 1, Warmup: 1.5}, 100
	},
	"one cycle": func(c *Config) { c.Schedule = Schedule{Name: ScheduleOneCycle} },
	"mean": func(c *Config) {
		c.Regularizers = Regularizers{Average: 0.8}
		c.Stop = Stopping{Patience: 3}
	},
	"bounds": func(c *Config) {
		c.Optimizer.Name, c.Rate = "adam", 0.01
		c.Regularizers = Regularizers{L1: 0.1, ClipValue: 0.05, ClipNorm: 0.1, MaxNorm: 0.7}
	},
	"dropout": func(c *Config) { c.Regularizers = Regularizers{Dropout: 0.5, InputDropout: 0.2} },
	"augmentation": func(c *Config) {
		c.Augment = Augment{Flip: true, Noise: 0.2, Mixup: 0.4, Image: device.ImageShape{Height: 1, Width: 5, Channels: 1}}
	},
	"half precision": func(c *Config) { // a δ of weight 1000 overflows at first
		c.Precision, c.Optimizer.Name, c.Rate = FP16, "adam", 0.01
		c.ClassWeights = ClassWeights{Given: []float64{1e3, 1, 1}}
	},
	"weights": func(c *Config) { c.LabelSmoothing, c.ClassWeights.Balanced = 0.1, true },
	"target":  func(c *Config) { c.Stop.Target = Target{MonitorCost, 100} },
}

// Making checkpoints changes nothing, whenever they are made, and leaves the newest
// and the best.
func TestCheckpointsAreKept(t *testing.T) {
	train, validation := randomSet(1, 23, 5, 3), randomSet(2, 11, 5, 3)
	want, h := fitted(t, resumeNet, train, validation, resumeConfig())
	best := slices.MinFunc(h.Epochs, func(a, b Epoch) int { return int(math.Copysign(1, a.ValLoss-b.ValLoss)) }).Epoch
	for _, test := range []struct {
		every Every
		keep  int
		want  []place
	}{
		{Every{}, 1, []place{{3, 0}}},
		{Every{Epochs: 2}, 9, []place{{3, 0}, {2, 0}, {0, 0}}},
		{Every{Steps: 4}, 4, []place{{3, 0}, {2, 2}, {1, 3}, {0, 4}}}, // 5 steps an epoch: 4, 8, 12
		{Every{Steps: 5}, 9, []place{{3, 0}, {2, 0}, {1, 0}, {0, 0}}},
		{Every{Time: time.Hour}, 9, []place{{3, 0}, {0, 0}}},
	} {
		folder := t.TempDir()
		c := resumeConfig()
		c.Checkpoints = &Checkpoints{Folder: folder, Every: test.every, Keep: test.keep}
		net, _ := fitted(t, resumeNet, train, validation, c)
		if !sameBits(net, want) {
			t.Errorf("%+v: other weights", test.every)
		}
		got, err := places(folder)
		if kept := test.every == (Every{}) && best < 3; kept {
			test.want = append(test.want, place{best, 0})
		}
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%+v keeps %v (%v), want %v", test.every, got, err, test.want)
		}
	}
}

func TestBest(t *testing.T) {
	epochs := []Epoch{
		{Epoch: 1, Validated: true, ValLoss: 3, Cost: 1}, {Epoch: 2, Validated: true, ValLoss: 1, Cost: 9},
		{Epoch: 3, Validated: true, ValLoss: 2, Cost: 5}, {Epoch: 4, Validated: true, ValLoss: 0.5, Cost: 5},
	}
	list := []place{{3, 2}, {3, 0}, {2, 0}, {1, 0}, {0, 0}} // none of epoch 4
	if got := bestOf(list, epochs); got != (place{2, 0}) {
		t.Errorf("by validation loss: %v", got)
	}
	for i := range epochs {
		epochs[i].Validated = false
	}
	if got := bestOf(list, epochs); got != (place{1, 0}) {
		t.Errorf("by cost: %v", got)
	}
	if got := bestOf([]place{{3, 2}, {0, 0}}, epochs); got != (place{}) {
		t.Errorf("no end of an epoch: %v", got)
	}
}

// stopped returns the folder of a training that was stopped in its third epoch.
func stopped(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := resumeConfig()
	c.Checkpoints = &Checkpoints{Folder: folder}
	eng := &stopAfter{device.OpenReference(), 15, cancel} // 6 plans an epoch: 5 steps and the penalty
	if _, err := open(t, newNetwork(t, resumeNet), eng).Fit(ctx, randomSet(1, 23, 5, 3), nil, c); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return folder
}

// Whatever byte of the newest checkpoint changes, it is set aside and the one
// before it is offered.
func TestDamagedCheckpointFallsBack(t *testing.T) {
	folder := stopped(t)
	list, err := places(folder)
	if err != nil || len(list) < 2 {
		t.Fatal(list, err)
	}
	newest := filepath.Join(folder, list[0].name())
	good, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if err := os.WriteFile(newest, bad, 0o666); err != nil {
			t.Fatal(err)
		}
		s, path, notes, err := Recover(folder)
		if err != nil || path != filepath.Join(folder, list[1].name()) || s.Before+len(s.Epochs) != list[1].epochs {
			t.Fatalf("byte %d: %s (%v)", i, path, err)
		}
		if len(notes) != 1 || !strings.Contains(notes[0], newest) || !strings.Contains(notes[0], ".damaged") {
			t.Fatalf("byte %d: notes %q", i, notes)
		}
		if _, err := os.Stat(newest + damagedSuffix); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRecover(t *testing.T) {
	if _, _, _, err := Recover(t.TempDir()); !errors.Is(err, ErrNoCheckpoint) {
		t.Errorf("empty folder: %v", err)
	}
	if _, _, _, err := Recover(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	folder := stopped(t)
	left := filepath.Join(folder, "checkpoint-000009-00000000.clprop.clprop-01234567.tmp")
	if err := os.WriteFile(left, []byte("half"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := Recover(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a temporary file is left: %v", err)
	}
	// A file that is whole and holds something else is set aside as well.
	var b bytes.Buffer
	if err := checkpoint.Write(&b, []checkpoint.Section{{Name: "x"}}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, checkpointName(8, 0)), b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, path, notes, err := Recover(folder); err != nil || len(notes) != 1 || !strings.Contains(notes[0], ErrSnapshot.Error()) {
		t.Errorf("a checkpoint of something else: %s, %q, %v", path, notes, err)
	}
}

// To fall back from a whole file of a newer program would lose what it did.
func TestRecoverRefusesNewerVersions(t *testing.T) {
	folder := stopped(t)
	list, err := places(folder)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, list[0].name())
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[8]++ // the version; then the SHA-256 is made to fit
	sum := sha256.Sum256(content[:len(content)-32])
	if err := os.WriteFile(path, append(content[:len(content)-32], sum[:]...), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := Recover(folder); !errors.Is(err, checkpoint.ErrVersion) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}

// A field that this program does not know is one of a newer program too.
func TestRecoverRefusesUnknownFields(t *testing.T) {
	folder := stopped(t)
	s, path, _, err := Recover(folder)
	if err != nil {
		t.Fatal(err)
	}
	sections, err := s.encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, section := range sections {
		if section.Name == sectionConfig {
			sections[i].Bytes = append([]byte(`{"Novelty":1,`), section.Bytes[1:]...)
		}
	}
	var b bytes.Buffer
	if err := checkpoint.Write(&b, sections); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := Recover(folder); !errors.Is(err, checkpoint.ErrVersion) || !strings.Contains(err.Error(), "Novelty") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("it was set aside: %v", err)
	}
}

// What is decoded belongs together, is encoded to what decodes the same, and takes
// no more memory than promised, whatever the sections say.
func FuzzSnapshot(f *testing.F) {
	net, err := NewNetwork(NetworkConfig{Sizes: []int{1, 2}})
	if err != nil {
		f.Fatal(err)
	}
	s := &Snapshot{
		Network: net, Config: Config{Epochs: 2}, Step: 1, Sums: device.Sums{Count: 32},
		Epochs: []Epoch{{Epoch: 1}}, Train: Fingerprint{Rows: 40},
	}
	sections, err := s.encode(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sections[0].Bytes, sections[1].Bytes, sections[2].Bytes, sections[3].Bytes, make([]byte, 4*4))
	f.Add([]byte(`{"sizes":[2147483647,2147483647],"hidden":"relu","loss":"softmax-cross-entropy"}`), sections[1].Bytes, sections[2].Bytes, []byte("{}\n{}\n"), []byte{})
	f.Fuzz(func(t *testing.T, network, config, state, history, theta []byte) {
		var b bytes.Buffer
		err := checkpoint.Write(&b, []checkpoint.Section{
			{Name: sectionNetwork, Bytes: network}, {Name: sectionConfig, Bytes: config}, {Name: sectionState, Bytes: state},
			{Name: sectionHistory, Bytes: history}, {Name: sectionParameters + nameTheta, Bytes: theta},
		})
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		file, err := checkpoint.Parse(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		s, err := decodeSnapshot(file)
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 4*uint64(b.Len())+1<<20 {
			t.Fatalf("%d bytes for a file of %d", grown, b.Len())
		}
		if err != nil {
			return
		}
		first, err := s.encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		b.Reset()
		if err := checkpoint.Write(&b, first); err != nil {
			t.Fatal(err)
		}
		again := bytes.Clone(b.Bytes())
		if file, err = checkpoint.Parse(again); err != nil {
			t.Fatal(err)
		}
		if s, err = decodeSnapshot(file); err != nil {
			t.Fatal(err)
		}
		if first, err = s.encode(nil); err != nil {
			t.Fatal(err)
		}
		b.Reset()
		if err := checkpoint.Write(&b, first); err != nil || !bytes.Equal(again, b.Bytes()) {
			t.Fatalf("%q became %q (%v)", again, b.Bytes(), err)
		}
	})
}

func TestResumeRefusesAnotherTraining(t *testing.T) {
	s, _, _, err := Recover(stopped(t))
	if err != nil {
		t.Fatal(err)
	}
	train := randomSet(1, 23, 5, 3)
	turned := randomSet(1, 23, 5, 3)
	for i := range 5 {
		turned.X[i], turned.X[5+i] = turned.X[5+i], turned.X[i]
	}
	for name, c := range map[string]struct {
		net        NetworkConfig
		train, val *data.Set
		change     func(*Config)
		text       string
	}{
		"hidden":     {NetworkConfig{Sizes: []int{5, 8, 3}, Hidden: device.Tanh}, train, nil, nil, "network was 5-7-3 (tanh, softmax-cross-entropy), is 5-8-3"},
		"activation": {NetworkConfig{Sizes: []int{5, 7, 3}, Hidden: device.ReLU}, train, nil, nil, "is 5-7-3 (relu,"},
		"rows":       {resumeNet, randomSet(1, 24, 5, 3), nil, nil, "training set: 23 examples, now 24"},
		"order":      {resumeNet, turned, nil, nil, "training set: other values, or in another order"},
		"validation": {resumeNet, train, randomSet(2, 4, 5, 3), nil, "validation set: there was none"},
		"rate":       {resumeNet, train, nil, func(c *Config) { c.Rate = 0.5 }, "config: Rate was 0.1, is 0.5"},
		"epochs":     {resumeNet, train, nil, func(c *Config) { c.Epochs = 4 }, "config: the end was 3 epochs, is 4 epochs, and the rate of schedule cosine goes by it"},
		"steps":      {resumeNet, train, nil, func(c *Config) { c.Stop.Steps = 9 }, "the end was 3 epochs, is 3 epochs or 9 steps, and the rate"},
	} {
		config := resumeConfig()
		if c.change != nil {
			c.change(&config)
		}
		config.Resume = s
		_, err := open(t, newNetwork(t, c.net), device.OpenReference()).Fit(context.Background(), c.train, c.val, config)
		if !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want %q", name, err, c.text)
		}
	}
}

// A training that was to end sooner goes on to the bits of one that was to last as long from
// the start; it cannot end before what is done.
func TestResumeGoesOnLonger(t *testing.T) {
	train, validation := randomSet(1, 23, 5, 3), randomSet(2, 11, 5, 3)
	long := resumeConfig()
	long.Epochs, long.Schedule = 4, Schedule{Name: ScheduleExponential}
	want := newNetwork(t, resumeNet)
	h, err := open(t, want, device.OpenReference()).Fit(t.Context(), train, validation, long)
	if err != nil {
		t.Fatal(err)
	}
	for name, sooner := range map[string]func(*Config){
		"epochs": func(c *Config) { c.Epochs = 2 },
		"steps":  func(c *Config) { c.Stop.Steps = 8 },
	} {
		short := long
		sooner(&short)
		short.Checkpoints = &Checkpoints{Folder: t.TempDir(), Every: Every{Epochs: 1}}
		if _, err := open(t, newNetwork(t, resumeNet), device.OpenReference()).Fit(t.Context(), train, validation, short); err != nil {
			t.Fatal(err)
		}
		s, _, _, err := Recover(short.Checkpoints.Folder)
		if err != nil {
			t.Fatal(err)
		}
		got, on := newNetwork(t, resumeNet), long
		on.Resume = s
		history, err := open(t, got, device.OpenReference()).Fit(t.Context(), train, validation, on)
		if err != nil {
			t.Fatal(err)
		}
		if !sameBits(got, want) || !slices.Equal(timeless(history), timeless(h)) {
			t.Errorf("%s: other results\n got %+v\nwant %+v", name, timeless(history), timeless(h))
		}
		if on.Epochs = len(s.Epochs); s.Step > 0 {
			_, err = open(t, got, device.OpenReference()).Fit(t.Context(), train, validation, on)
			if want := "are done, and"; !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
		on.Epochs = len(s.Epochs) - 1
		if on.Epochs < 1 {
			continue
		}
		_, err = open(t, got, device.OpenReference()).Fit(t.Context(), train, validation, on)
		if want := "config: Epochs is 1, and 2 are done"; !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A step that spoils the weights is noticed where the host looks, by name, and no
// checkpoint holds what it left.
func TestDivergenceKeepsCheckpoints(t *testing.T) {
	folder := t.TempDir()
	c := resumeConfig()
	c.Rate, c.Interval = 1e30, 1 // looks after every step
	c.Checkpoints = &Checkpoints{Folder: folder, Every: Every{Steps: 1}}
	n := resumeNet
	n.Hidden = device.Linear
	_, err := open(t, newNetwork(t, n), device.OpenReference()).Fit(context.Background(), randomSet(1, 23, 5, 3), nil, c)
	if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "epoch 1: ") || !strings.Contains(err.Error(), "of 5") ||
		!strings.Contains(err.Error(), "Θ(1), 5 to 7 units") {
		t.Errorf("got %v", err)
	}
	list, err := places(folder)
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	for _, p := range list {
		if _, err := LoadSnapshot(filepath.Join(folder, p.name())); err != nil { // Check refuses such weights
			t.Error(err)
		}
	}
}

func TestSnapshotKeepsUnknownSections(t *testing.T) {
	folder, again := stopped(t), t.TempDir()
	s, _, _, err := Recover(folder)
	if err != nil {
		t.Fatal(err)
	}
	s.Extra = map[string][]byte{"later": []byte("kept")}
	path := filepath.Join(t.TempDir(), "c")
	if err := s.Save(path); err != nil {
		t.Fatal(err)
	}
	if s, err = LoadSnapshot(path); err != nil {
		t.Fatal(err)
	}
	c := resumeConfig()
	c.Resume, c.Checkpoints = s, &Checkpoints{Folder: again, Extra: map[string][]byte{"mine": []byte("too")}}
	if _, err := open(t, newNetwork(t, resumeNet), device.OpenReference()).Fit(context.Background(), randomSet(1, 23, 5, 3), nil, c); err != nil {
		t.Fatal(err)
	}
	s, _, _, err = Recover(again)
	if err != nil || string(s.Extra["later"]) != "kept" || string(s.Extra["mine"]) != "too" {
		t.Errorf("extra %q (%v)", s.Extra, err)
	}
}

func TestParseEvery(t *testing.T) {
	for text, want := range map[string]Every{"1e": {Epochs: 1}, "500s": {Steps: 500}, "10m": {Time: 10 * time.Minute},
		"153722867m": {Time: 153722867 * time.Minute}} {
		if got, err := ParseEvery(text); err != nil || got != want {
			t.Errorf("%s: %+v (%v)", text, got, err)
		}
	}
	for _, text := range []string{"", "e", "1", "0e", "-1s", "1h", "1.5m", "99999999999999999999s", "153722868m", "200000000m"} {
		if _, err := ParseEvery(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
