package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

// modelOf is a model of weights the same everywhere, and columns whose scales differ; those with an
// odd number may be missing.
func modelOf(t *testing.T, hidden device.Activation, loss device.Loss, sizes ...int) *trainer.Model {
	t.Helper()
	n, err := trainer.NewNetwork(trainer.NetworkConfig{Sizes: sizes, Hidden: hidden, Loss: loss, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	for l := range n.Layers {
		for i := range n.Layers[l].W {
			n.Layers[l].W[i] = float32((37*i+11*l)%64-32) / 40
		}
		for j := range n.Layers[l].B {
			n.Layers[l].B[j] = float32(j+1) / 8
		}
	}
	p := &data.Preprocess{}
	for i := range sizes[0] {
		c := data.Column{Name: fmt.Sprint("column ", i), Kind: data.Number, Mean: 1000.1 * float64(i), Std: 0.3 + float64(i)}
		if i%2 == 1 {
			c.Missing, c.Fill = data.Mean, c.Mean
		}
		p.Columns = append(p.Columns, c)
	}
	m := &trainer.Model{Network: n, Preprocess: p}
	for k := range max(2, sizes[len(sizes)-1]) {
		m.Classes = append(m.Classes, fmt.Sprint("class ", k))
	}
	if loss.Regression() {
		for k := range sizes[len(sizes)-1] {
			p.Targets = append(p.Targets, data.Column{Name: fmt.Sprint("target ", k), Kind: data.Number, Mean: 3 * float64(k), Std: 0.1 + float64(k)})
		}
		m.Classes = nil
	}
	p.Classes, p.MultiLabel = m.Classes, loss.MultiLabel()
	return m
}

// normalised is a model with units normalised before their activation.
func normalised(m *trainer.Model, norm trainer.Norm) *trainer.Model {
	n := m.Network
	n.Norm = norm
	for l, units := range n.Sizes[1 : len(n.Sizes)-1] {
		var u trainer.NormUnits
		for j := range units {
			u.Gamma, u.Beta = append(u.Gamma, 1+float32(j)/8), append(u.Beta, float32(l-j)/4)
			if norm == trainer.BatchNorm {
				u.Mean, u.Variance = append(u.Mean, float32(j)/2), append(u.Variance, 0.25+float32(j))
			}
		}
		n.Norms = append(n.Norms, u)
	}
	return m
}

func encode(t *testing.T, m *trainer.Model, opts Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, m, opts); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// cases are models of every activation and every loss.
func cases(t *testing.T) map[string]*trainer.Model {
	m := map[string]*trainer.Model{}
	for _, hidden := range cpuref.HiddenActivations() {
		m[string(hidden)] = modelOf(t, hidden, device.SoftmaxCrossEntropy, 5, 4, 6, 3)
	}
	for _, loss := range append(cpuref.Losses(), cpuref.HuberLoss(0.5)) {
		m[strings.ReplaceAll(string(loss), ":", "-")] = modelOf(t, device.Tanh, loss, 5, 4, 3)
	}
	for _, norm := range []trainer.Norm{trainer.BatchNorm, trainer.LayerNorm} {
		m["norm-"+string(norm)] = normalised(modelOf(t, device.Tanh, device.SoftmaxCrossEntropy, 5, 4, 6, 3), norm)
	}
	m["single"] = modelOf(t, device.ReLU, device.SigmoidCrossEntropy, 5, 1)
	return m
}

// What is written and read back is the same model, bit for bit, or with preprocessing in
// the graph the same but for what float32 cannot hold.
func TestThereAndBack(t *testing.T) {
	for name, m := range cases(t) {
		for _, opts := range []Options{{}, {Logits: true}, {Preprocess: true}} {
			content := encode(t, m, opts)
			if again := encode(t, m, opts); !bytes.Equal(content, again) {
				t.Errorf("%s: not the same bytes again", name)
			}
			f, err := Read(bytes.NewReader(content), int64(len(content)), "")
			if err != nil {
				t.Errorf("%s, %+v: %v", name, opts, err)
				continue
			}
			got, err := f.Model(nil)
			if err != nil {
				t.Errorf("%s, %+v: %v", name, opts, err)
				continue
			}
			want := *m.Network
			if len(want.Sizes) == 2 {
				want.Hidden = device.ReLU // nothing says what it is
			}
			if !reflect.DeepEqual(got.Network, &want) || !slices.Equal(got.Classes, m.Classes) {
				t.Errorf("%s, %+v: %v, %s, %s, %q", name, opts, got.Network, got.Network.Hidden, got.Network.Loss, got.Classes)
			}
			if !opts.Preprocess {
				if !reflect.DeepEqual(got.Preprocess, m.Preprocess) {
					t.Errorf("%s: preprocessing %+v", name, got.Preprocess)
				}
				continue
			}
			sameColumns(t, name, got.Preprocess.Columns, m.Preprocess.Columns)
			sameColumns(t, name, got.Preprocess.Targets, m.Preprocess.Targets)
		}
	}
}

// sameColumns compares columns whose numbers were rounded to float32 on the way.
func sameColumns(t *testing.T, name string, got, want []data.Column) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d columns, want %d", name, len(got), len(want))
		return
	}
	close := func(x, y float64) bool { return math.Abs(x-y) <= 0x1p-24*math.Abs(y) }
	for i, c := range got {
		if w := want[i]; c.Name != w.Name || !close(c.Std, w.Std) || !close(c.Mean, w.Mean) || !close(c.Fill, w.Fill) || (c.Missing == "") != (w.Missing == "") {
			t.Errorf("%s: column %+v, want %+v", name, c, w)
		}
	}
}

func TestPixels(t *testing.T) {
	m := modelOf(t, device.ReLU, device.SoftmaxCrossEntropy, 6, 4, 3)
	m.Preprocess.Columns, m.Preprocess.Image = nil, &data.Image{Width: 3, Height: 2, Scale: 1.0 / 255}
	content := encode(t, m, Options{Preprocess: true})
	f, err := Read(bytes.NewReader(content), int64(len(content)), "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Model([]string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	if c := got.Preprocess.Columns[5]; c.Name != "x5" || math.Abs(c.Std-255) > 255*0x1p-23 || c.Mean != 0 || got.Classes[0] != "a" {
		t.Errorf("%+v, %q", c, got.Classes)
	}
}

func TestWriteRefuses(t *testing.T) {
	text := modelOf(t, device.ReLU, device.SoftmaxCrossEntropy, 4, 3)
	text.Preprocess.Columns = append(text.Preprocess.Columns[:2], data.Column{Name: "site", Kind: data.Category, Categories: []string{"north", "south"}})
	wide := modelOf(t, device.ReLU, device.SoftmaxCrossEntropy, 2, 3)
	wide.Preprocess.Columns[1].Mean = 1e300
	bare := modelOf(t, device.ReLU, device.SoftmaxCrossEntropy, 2, 3)
	bare.Preprocess = nil
	for _, c := range []struct {
		m    *trainer.Model
		opts Options
		want string
	}{
		{text, Options{Preprocess: true}, `column "site" is text`},
		{wide, Options{Preprocess: true}, `column "column 1": mean 1e+300`},
		{bare, Options{Preprocess: true}, "does not say how raw data becomes its inputs"},
		{bare, Options{Input: "0.z"}, `"0.z" cannot be the name`},
		{bare, Options{Input: "a", Output: "a"}, `"a" cannot be the name`},
		{bare, Options{Output: "\xff"}, "cannot be the name"},
	} {
		var b bytes.Buffer
		if err := Write(&b, c.m, c.opts); !errors.Is(err, ErrExport) || !strings.Contains(err.Error(), c.want) || b.Len() != 0 {
			t.Errorf("%v after %d bytes, want %q", err, b.Len(), c.want)
		}
	}
	// Without preprocessing in the graph, the metadata names an input for each category.
	if got := inputNames(text); !slices.Equal(got, []string{"column 0", "column 1", "site=north", "site=south"}) {
		t.Errorf("%q", got)
	}
	content := encode(t, text, Options{Input: "rows", Output: "classes"})
	if f, err := Read(bytes.NewReader(content), int64(len(content)), ""); err != nil || f.Metadata[keyInputs] == "" {
		t.Errorf("%v", err)
	}
}

// What Write wrote when testdata/check.py, which needs Python, found it good, is what it
// writes now. After a change: CLPROP_UPDATE_GOLDEN=1 go test -run Golden, then TestPythonChecks.
func TestGolden(t *testing.T) {
	for name, m := range cases(t) {
		path := filepath.Join("testdata/written", name+".onnx")
		got := encode(t, m, Options{Preprocess: true, Version: "v1"})
		if os.Getenv("CLPROP_UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(path, got, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is no longer what is written (%v)", path, err)
		}
	}
}

// python3-onnx's checker takes what Write writes, and what the operators compute, by
// their definitions in float64, is what the trainer computes.
func TestPythonChecks(t *testing.T) {
	python, err := exec.LookPath("/usr/bin/python3")
	if err != nil || exec.Command(python, "-c", "import onnx, numpy").Run() != nil {
		t.Skip("no onnx and numpy in /usr/bin/python3")
	}
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	args := []string{"testdata/check.py"}
	want := map[string][]float32{}
	for name, m := range cases(t) {
		var raw, x []float32
		for range 3 {
			for i, c := range m.Preprocess.Columns {
				v := float32(c.Mean + 2*c.Std*r.NormFloat64())
				raw = append(raw, v)
				if i == 1 {
					raw[len(raw)-1] = float32(math.NaN())
					v = float32(c.Fill)
				}
				x = append(x, float32((float64(v)-c.Mean)/c.Std))
			}
		}
		path := filepath.Join(dir, name+".onnx")
		if err := os.WriteFile(path, encode(t, m, Options{Preprocess: true}), 0o666); err != nil {
			t.Fatal(err)
		}
		args = append(args, path, strings.Trim(fmt.Sprint(raw), "[]"))
		want[path] = restored(m, compute(t, m.Network, x))
	}
	var stderr strings.Builder
	cmd := exec.Command(python, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines for %d graphs", len(lines), len(want))
	}
	for _, line := range lines {
		words := strings.Fields(line)
		var got []float32
		for _, word := range words[1:] {
			var v float32
			if _, err := fmt.Sscan(word, &v); err != nil {
				t.Fatal(err)
			}
			got = append(got, v)
		}
		within(t, words[0], got, want[words[0]])
	}
}
