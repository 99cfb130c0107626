package trainer

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
	"github.com/clprop/clprop/trainer/safetensors"
)

// normEngines are what the tests of training with a Norm run on.
func normEngines(t *testing.T) map[string]device.Engine {
	t.Helper()
	return map[string]device.Engine{"reference": device.OpenReference(), "OpenCL": openOpenCL(t)}
}

// From the same weights, on the same batches, nets with each normalisation and optimizer
// have the costs of PyTorch in float64, testdata/norms.json, and come to its weights and
// running numbers: 20 steps of 1e-5 each, the design's bound for a step, by the size of
// what is compared. Judged by the running numbers, their loss is PyTorch's too.
func TestNormsAsPyTorch(t *testing.T) {
	var f struct {
		Sizes  []int
		Batch  int
		Orders [][]int32
		X, Y   []float32
		Start  [][]float32
		Runs   []struct {
			Norm       Norm
			Activation device.Activation
			Optimizer  string
			Rate       float64
			Costs      []float64
			State      map[string][]float64
			Judged     float64
		}
	}
	text, err := os.ReadFile("testdata/norms.json")
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil || len(f.Runs) != 4 {
		t.Fatalf("%d runs: %v", len(f.Runs), err)
	}
	set := &data.Set{Rows: len(f.X) / f.Sizes[0], Features: f.Sizes[0], Outputs: f.Sizes[3], X: f.X, Y: f.Y}
	for i, order := range f.Orders {
		rows := make([]int32, set.Rows)
		if shuffle(rows, 5, i+1); !slices.Equal(rows, order) {
			t.Fatalf("epoch %d is not in the order of the fixture", i+1)
		}
	}
	for name, eng := range normEngines(t) {
		for _, run := range f.Runs {
			net := newNetwork(t, NetworkConfig{Sizes: f.Sizes, Hidden: run.Activation, Norm: run.Norm})
			for l := range net.Layers {
				copy(net.Layers[l].W, f.Start[2*l])
				copy(net.Layers[l].B, f.Start[2*l+1])
			}
			o := Optimizer{Name: run.Optimizer}
			if o.Name == "adam" {
				o.Eps = 1e-3
			}
			tr := open(t, net, eng)
			h, err := tr.Fit(context.Background(), set, nil, Config{Epochs: len(f.Orders), BatchSize: f.Batch, Rate: run.Rate, Optimizer: o, Seed: 5})
			if err != nil {
				t.Fatal(err)
			}
			what := name + ", " + string(run.Norm) + " norm, " + run.Optimizer
			for i, want := range run.Costs {
				if got := h.Epochs[i].Loss; !(math.Abs(got-want) <= 20e-5*want) {
					t.Errorf("%s: cost of epoch %d is %v, PyTorch has %v", what, i+1, got, want)
				}
			}
			tensors := net.tensors()
			if len(tensors) != len(run.State) {
				t.Errorf("%s: %d tensors, PyTorch has %d", what, len(tensors), len(run.State))
			}
			for _, tensor := range tensors {
				off, size := 0.0, 0.0
				for i, want := range run.State[tensor.Name] {
					off += math.Pow(float64(tensor.Data[i])-want, 2)
					size += want * want
				}
				if !(math.Sqrt(off) <= 20e-5*math.Sqrt(size)) {
					t.Errorf("%s: %s is off by %.2g of its norm", what, tensor.Name, math.Sqrt(off/size))
				}
			}
			e, err := tr.Evaluate(t.Context(), set)
			if err != nil || !(math.Abs(e.Loss-run.Judged) <= 20e-5*run.Judged) {
				t.Errorf("%s: judged, the loss is %v, PyTorch has %v: %v", what, e.Loss, run.Judged, err)
			}
		}
	}
}

// wideAll is all of Θ in float64.
func wideAll(net *Network) (list []cpuref.Layer[float64]) {
	for _, layer := range net.all() {
		list = append(list, cpuref.Layer[float64]{W: wideMatrix{Data: wide(layer.W)}, B: wide(layer.B)})
	}
	return list
}

// With a normalisation every engine comes to the same weights, on examples that lie there
// or are streamed, with all that bounds Θ, and again to the same bits.
func TestNormsAgree(t *testing.T) {
	train, validation := randomSet(1, 23, 5, 3), randomSet(2, 11, 5, 3)
	for _, norm := range []Norm{BatchNorm, LayerNorm} {
		for _, hidden := range []device.Activation{device.ReLU, device.SiLU} {
			c := Config{Epochs: 3, BatchSize: 5, Seed: 3, Lambda: 0.1, Optimizer: Optimizer{Name: "momentum"},
				Regularizers: Regularizers{L1: 0.01, ClipNorm: 2, MaxNorm: 2, Average: 0.9, Dropout: 0.2, InputDropout: 0.1}}
			fitted := func(eng device.Engine, resident Resident) (*Network, *History) {
				net := newNetwork(t, NetworkConfig{Sizes: []int{5, 17, 8, 3}, Hidden: hidden, Norm: norm, Seed: 2})
				c.Resident = resident
				h, err := open(t, net, eng).Fit(context.Background(), train, validation, c)
				if err != nil {
					t.Fatal(err)
				}
				return net, h
			}
			engines := normEngines(t)
			want, history := fitted(engines["reference"], ResidentYes)
			for name, eng := range engines {
				got, h := fitted(eng, ResidentNo)
				again, _ := fitted(eng, ResidentYes)
				for l, layer := range got.all() {
					if !slices.Equal(layer.W, again.all()[l].W) || !slices.Equal(layer.B, again.all()[l].B) {
						t.Errorf("%s, %s, %s: layer %d has other bits again", name, norm, hidden, l)
					}
				}
				// 15 steps of the design's 1e-5 each; momentum of 0.9 adds up to ten of one
				if off := distance(got.all(), wideAll(want)); off > 15e-4 {
					t.Errorf("%s, %s, %s: off by %.2g", name, norm, hidden, off)
				}
				if a, b := h.Last().ValLoss, history.Last().ValLoss; !(math.Abs(a-b) <= 15e-4*b) {
					t.Errorf("%s, %s, %s: validation loss %v, on the reference %v", name, norm, hidden, a, b)
				}
			}
		}
	}
}

// One example alone in a batch is refused before training, with a batch size that helps.
func TestBatchNormNeedsTwo(t *testing.T) {
	for _, c := range []struct {
		rows, batch int
		norm        Norm
		want        string
	}{
		{21, 5, BatchNorm, "21 in batches of 5 leave one alone: take batches of 6"},
		{21, 4, BatchNorm, "21 in batches of 4 leave one alone: take batches of 6"},
		{20, 1, BatchNorm, "20 in batches of 1 leave one alone: take batches of 2"},
		{1, 5, BatchNorm, "needs two examples, and there is one"},
		{21, 6, BatchNorm, ""},
		{21, 5, LayerNorm, ""},
		{21, 1, NormNone, ""},
	} {
		tr := open(t, newNetwork(t, NetworkConfig{Sizes: []int{5, 7, 3}, Norm: c.norm}), device.OpenReference())
		config := Config{Epochs: 1, BatchSize: c.batch}
		set := randomSet(1, c.rows, 5, 3)
		_, err := tr.Fit(context.Background(), set, nil, config)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d rows in batches of %d, %v norm: %v, want %q", c.rows, c.batch, c.norm, err, c.want)
		}
		if _, err := tr.Sweep(context.Background(), set, config, Sweep{}); (err == nil) != (c.want == "") {
			t.Errorf("a sweep: %v", err)
		}
	}
}

// Parts of a batch, and points that are only tried, are refused with batch normalisation.
// With layer normalisation parts come to the same weights, a step of the design's 1e-5 each,
// and lbfgs trains γ and β too, below the cost that it began with.
func TestNormsInParts(t *testing.T) {
	set, eng := randomSet(1, 23, 5, 3), device.OpenReference()
	fitted := func(norm Norm, c Config) (*Network, *History, error) {
		net := newNetwork(t, NetworkConfig{Sizes: []int{5, 9, 3}, Hidden: device.Tanh, Norm: norm, Seed: 2})
		h, err := open(t, net, eng).Fit(context.Background(), set, nil, c)
		return net, h, err
	}
	parts, whole := Config{Epochs: 3, BatchSize: 10, MicroBatch: 4, Seed: 1}, Config{Epochs: 3, BatchSize: 10, Seed: 1}
	lbfgs := Config{Epochs: 5, Optimizer: Optimizer{Name: "lbfgs"}}
	for want, c := range map[string]Config{"a micro-batch of 4 has a part": parts, "optimizer lbfgs tries weights": lbfgs} {
		if _, _, err := fitted(BatchNorm, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	got, _, err := fitted(LayerNorm, parts)
	want, _, again := fitted(LayerNorm, whole)
	if err = errors.Join(err, again); err != nil {
		t.Fatal(err)
	}
	if off := distance(got.all(), wideAll(want)); off > 9e-5 {
		t.Errorf("in parts: off by %.2g", off)
	}
	net, h, err := fitted(LayerNorm, lbfgs)
	if err != nil || !(h.Last().Loss < h.Epochs[0].Loss) || slices.Equal(net.Norms[0].Gamma, newNormUnits(LayerNorm, 9).Gamma) {
		t.Errorf("lbfgs: %+v, %v", h.Epochs, err)
	}
}

// Stopped after any plan, training ends with the bits of the one that was never stopped: γ,
// β, their moments and the running numbers are in a checkpoint.
func TestNormsResume(t *testing.T) {
	train, validation := randomSet(1, 23, 5, 3), randomSet(2, 11, 5, 3)
	for _, norm := range []Norm{BatchNorm, LayerNorm} {
		n, c := resumeNet, resumeConfig()
		n.Norm, c.Optimizer.Name, c.Regularizers.Average = norm, "momentum", 0.8
		want, _ := fitted(t, n, train, validation, c)
		for stop := 2; stop <= 26; stop += 4 { // of 27
			folder := t.TempDir()
			ctx, cancel := context.WithCancel(context.Background())
			stopped := c
			stopped.Checkpoints = &Checkpoints{Folder: folder, Every: Every{Epochs: 1}}
			eng := &stopAfter{device.OpenReference(), stop, cancel}
			if _, err := open(t, newNetwork(t, n), eng).Fit(ctx, train, validation, stopped); !errors.Is(err, context.Canceled) {
				t.Fatalf("stopped after %d plans: %v", stop, err)
			}
			again := c
			var err error
			if again.Resume, _, _, err = Recover(folder); err != nil {
				t.Fatal(err)
			}
			other := n
			other.Seed = 99
			got, _ := fitted(t, other, train, validation, again)
			for l, layer := range got.all() {
				if !slices.Equal(layer.W, want.all()[l].W) || !slices.Equal(layer.B, want.all()[l].B) {
					t.Errorf("%v, stopped after %d plans: layer %d has other bits", norm, stop, l)
				}
			}
			cancel()
		}
	}
}

// A model and its weights come back with the same bits, under PyTorch's names.
func TestNormsThereAndBack(t *testing.T) {
	for norm, names := range map[Norm][]string{
		BatchNorm: {"0.bias", "0.weight", "1.bias", "1.running_mean", "1.running_var", "1.weight", "3.bias", "3.weight"},
		LayerNorm: {"0.bias", "0.weight", "1.bias", "1.weight", "3.bias", "3.weight"},
	} {
		net := newNetwork(t, NetworkConfig{Sizes: []int{5, 4, 3}, Hidden: device.Tanh, Norm: norm})
		if _, err := open(t, net, device.OpenReference()).Fit(context.Background(), randomSet(1, 23, 5, 3), nil, Config{Epochs: 1}); err != nil {
			t.Fatal(err)
		}
		path, model := filepath.Join(t.TempDir(), "w.safetensors"), filepath.Join(t.TempDir(), "m.safetensors")
		if err := errors.Join(net.SaveWeights(path), (&Model{Network: net}).Save(model)); err != nil {
			t.Fatal(err)
		}
		file, err := safetensors.ReadFile(path)
		var have []string
		for _, tensor := range file.Tensors {
			have = append(have, tensor.Name)
		}
		if err != nil || !slices.Equal(have, names) {
			t.Errorf("%v: %v, %v", norm, have, err)
		}
		for _, from := range []string{path, model} {
			got, err := LoadWeights(from, device.Tanh, "")
			if err != nil || got.Norm != norm {
				t.Fatalf("%v: %+v, %v", norm, got, err)
			}
			for l, layer := range net.all() {
				if !slices.Equal(got.all()[l].W, layer.W) || !slices.Equal(got.all()[l].B, layer.B) {
					t.Errorf("%v: layer %d differs", norm, l)
				}
			}
		}
	}
}

// A state_dict of PyTorch with normalisations is read if a net of this program has that form.
func TestLoadNorms(t *testing.T) {
	batch := []safetensors.Tensor{tensor("0.weight", 4, 2), tensor("1.weight", 4), tensor("1.bias", 4), tensor("1.running_mean", 4),
		tensor("1.running_var", 4), tensor("1.num_batches_tracked"), tensor("3.weight", 3, 4)}
	got, err := LoadWeights(writeTensors(t, batch...), device.ReLU, "")
	if err != nil || got.Norm != BatchNorm || got.Norms[0].Gamma[1] != batch[1].Data[1] || got.Norms[0].Variance[3] != batch[4].Data[3] {
		t.Errorf("%+v, %v", got, err)
	}
	without := func(at int) []safetensors.Tensor { return slices.Delete(slices.Clone(batch), at, at+1) }
	for name, c := range map[string]struct {
		tensors []safetensors.Tensor
		want    string
	}{
		"at the end":      {batch[:6], `"1.weight" normalises the last layer`},
		"in front":        {batch[1:], `"1.weight" normalises, and no layer is before it`},
		"of fewer units":  {append(without(0), tensor("0.weight", 5, 2)), `"1.weight" has shape [4], the layer before it gives 5`},
		"no β":            {without(2), `"1.weight" has no 1.bias`},
		"no variance":     {without(4), `"1.weight" has no 1.running_var`},
		"of one layer":    {append(slices.Clone(batch), tensor("4.weight", 2, 3)), "1 of 2 hidden layers are normalised"},
		"of other kinds":  {append(slices.Clone(batch), tensor("4.weight", 3), tensor("4.bias", 3), tensor("5.weight", 2, 3)), "batch and layer normalisation in one network"},
		"no γ":            {without(1), `"1.`},
		"a mean of three": {append(without(3), tensor("1.running_mean", 3)), `"1.running_mean" has shape [3]`},
	} {
		if _, err := LoadWeights(writeTensors(t, c.tensors...), device.ReLU, ""); !errors.Is(err, ErrWeights) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
