package main

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/clprop/clprop/trainer"
)

// A network leaves as a state_dict, comes back as a model that predicts the same, and
// training goes on from it.
func TestExportImportInit(t *testing.T) {
	path := write(t, "flowers.csv", flowers(60))
	m := model(t, "--data", path, "--scale", "none", "--hidden", "6,5", "--activation", "tanh", "--epochs", "3")
	dir := t.TempDir()
	weights, back := filepath.Join(dir, "weights.safetensors"), filepath.Join(dir, "back.safetensors")
	clprop(t, "export", m, "-o", weights).succeeded(t)
	clprop(t, "import", weights, "--activation", "tanh", "--names", "iris,lily,rose", "-o", back).succeeded(t)
	const rows = "1.5,2\n11,3\n20.25,0\n"
	predict := func(m, text string) string {
		return clpropWith(t, t.Context(), text, "predict", "--device", "cpuref", "--model", m, "--data", "-").succeeded(t).stdout
	}
	if got, want := predict(back, "x1,x0\n2,1.5\n3,11\n0,20.25\n"), predict(m, "length,width\n"+rows); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}

	// A rate so small that no weight moves: what was there is what is saved.
	for _, from := range []string{m, weights} {
		args := []string{"--data", path, "--init", from, "--lr", "1e-30", "--epochs", "1"}
		if from == weights {
			args = append(args, "--activation", "tanh")
		}
		x, err := trainer.LoadModel(model(t, args...))
		if err != nil {
			t.Fatal(err)
		}
		y, err := trainer.LoadModel(m)
		if err != nil {
			t.Fatal(err)
		}
		if x.Network.Hidden != "tanh" || x.Network.String() != "2-6-5-3" || x.Network.Layers[1].W[7] != y.Network.Layers[1].W[7] {
			t.Errorf("%s: %v, %s", from, x.Network, x.Network.Hidden)
		}
	}
	o := clprop(t, "train", "--device", "cpuref", "--data", path, "--init", weights, "--hidden", "7", "--out", filepath.Join(dir, "x"))
	if o.code != exitBadFile || !strings.Contains(o.stderr, "its network is 2-6-5-3, and data and --hidden make it 2-7-3") {
		t.Errorf("%+v", o)
	}
	// A run goes on without the file.
	run := filepath.Join(dir, "run")
	other := filepath.Join(dir, "other.safetensors")
	clprop(t, "export", m, "-o", other).succeeded(t)
	clprop(t, "train", "--device", "cpuref", "--data", path, "--init", other, "--activation", "tanh", "--epochs", "1", "--run", run).succeeded(t)
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	clprop(t, "train", "--device", "cpuref", "--resume", run).succeeded(t)
}

// A model leaves as a graph with its preprocessing, or with it in the metadata, and comes
// back as one that predicts the same of raw data.
func TestExportImportONNX(t *testing.T) {
	price := strings.Replace(strings.NewReplacer("rose", "1.5", "iris", "20", "lily", "7").Replace(flowers(60)), "species", "price", 1)
	for task, text := range map[string]string{"classification": flowers(60), "regression": price} {
		m := model(t, "--data", write(t, "flowers.csv", text), "--task", task, "--missing", "mean", "--hidden", "6,5", "--activation", "gelu", "--epochs", "3")
		predict := func(m string) string {
			return clpropWith(t, t.Context(), "width,length\n2,1.5\n3,NA\n0,20.25\n", "predict", "--device", "cpuref", "--model", m, "--data", "-").succeeded(t).stdout
		}
		dir := t.TempDir()
		for _, flags := range [][]string{{"--preprocess"}, {"--logits", "--input-name", "rows"}, nil} {
			graph, back := filepath.Join(dir, "graph"), filepath.Join(dir, "back.safetensors")
			clprop(t, append([]string{"export", m, "--to", "onnx", "-o", graph}, flags...)...).succeeded(t)
			clprop(t, "import", graph, "-o", back).succeeded(t)
			// What float32 makes of mean and deviation, times a few, is far below.
			sameNumbers(t, predict(back), predict(m), 1e-5)
		}
	}
}

func TestExportRefuses(t *testing.T) {
	m := model(t, "--data", write(t, "flowers.csv", flowers(30)), "--epochs", "1")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"export", "-o", "x"}, exitUsage, "need one model, have 0"},
		{[]string{"export", m}, exitUsage, "no file to write"},
		{[]string{"export", m, "-o", m}, exitUsage, "would replace what is read"},
		{[]string{"export", m, "--to", "x", "-o", m}, exitUsage, `--to is "x": have`},
		{[]string{"export", m, "--logits", "-o", m + "2"}, exitUsage, "--logits is for --to onnx"},
		{[]string{"export", m, "--to", "onnx", "--input-name", "0.z", "-o", m + "2"}, exitBadFile, "cannot be an ONNX graph"},
		{[]string{"import", write(t, "x.onnx", "x"), "-o", m + "2"}, exitBadFile, "x.onnx: not an ONNX graph"},
		{[]string{"import", write(t, "x.onnx", "x"), "--activation", "tanh", "-o", m + "2"}, exitUsage, "is a graph, which says what it is"},
		{[]string{"import", m, "--names", "a", "-o", m + "2"}, exitBadFile, "is a model already"},
		{[]string{"import", m, "--loss", "x", "-o", m + "2"}, exitUsage, "--loss"},
		{[]string{"train", "--init", m, "--data", write(t, "more.csv", flowers(30)), "--out", m}, exitUsage, "--out " + m + " would replace what is read"},
		{[]string{"train", "--init", "h"}, exitUsage, `--init is "h": have auto, xavier, he, lecun, or a file of weights`},
	} {
		if o := clprop(t, c.args...); o.code != c.code || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%v: %+v, want %d, %q", c.args, o, c.code, c.want)
		}
	}
}

// PyTorch loads a model and an export, and computes the same probabilities.
func TestPyTorchLoadsExport(t *testing.T) {
	python, err := exec.LookPath("/usr/bin/python3")
	if err != nil || exec.Command(python, "-c", "import torch").Run() != nil {
		t.Skip("no PyTorch in /usr/bin/python3")
	}
	m := model(t, "--data", write(t, "flowers.csv", flowers(60)), "--scale", "none", "--hidden", "6,5", "--epochs", "3")
	const script = `
import json, struct, sys, torch
raw = open(sys.argv[1], "rb").read()
n, = struct.unpack("<Q", raw[:8])
state = {}
for name, t in json.loads(raw[8:8+n]).items():
    if name == "__metadata__": continue
    a, b = t["data_offsets"]
    state[name] = torch.frombuffer(bytearray(raw[8+n+a:8+n+b]), dtype=torch.float32).reshape(t["shape"])
L = torch.nn.Linear
net = torch.nn.Sequential(L(2, 6), torch.nn.ReLU(), L(6, 5), torch.nn.ReLU(), L(5, 3))
net.load_state_dict(state)
print("predicted,p_iris,p_lily,p_rose")
for p in torch.softmax(net(torch.tensor([[1.5, 2], [11, 3], [20.25, 0]])), 1).tolist():
    print(["iris", "lily", "rose"][p.index(max(p))], *p, sep=",")
`
	got, err := exec.Command(python, "-c", script, m).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := clpropWith(t, t.Context(), "length,width\n1.5,2\n11,3\n20.25,0\n", "predict", "--device", "cpuref", "--model", m, "--data", "-").succeeded(t).stdout
	sameNumbers(t, string(got), want, 1e-5)
}

// sameNumbers compares CSV: texts must be equal, numbers within tol of 1.
func sameNumbers(t *testing.T, got, want string, tol float64) {
	t.Helper()
	a, b := strings.Fields(strings.ReplaceAll(got, ",", " ")), strings.Fields(strings.ReplaceAll(want, ",", " "))
	if len(a) != len(b) {
		t.Fatalf("%s\nwant\n%s", got, want)
	}
	for i := range a {
		x, errX := strconv.ParseFloat(a[i], 64)
		y, errY := strconv.ParseFloat(b[i], 64)
		if a[i] != b[i] && (errX != nil || errY != nil || !(math.Abs(x-y) <= tol)) {
			t.Errorf("%s, want %s", a[i], b[i])
		}
	}
}

// A network with a normalisation goes all the way: a run, which is resumed, evaluated and
// predicted with, exported and imported, and trained on.
func TestNorm(t *testing.T) {
	path, dir := write(t, "flowers.csv", flowers(60)), t.TempDir()
	for _, norm := range []string{"batch", "layer"} {
		run, weights, back := filepath.Join(dir, norm), filepath.Join(dir, norm+".weights"), filepath.Join(dir, norm+".back")
		args := []string{"train", "--device", "cpuref", "--data", path, "--scale", "none", "--hidden", "6,5", "--norm", norm, "--epochs", "4", "--run"}
		stopped := append(slices.Clone(args), run, "--max-steps", "5", "--checkpoint-every", "2s")
		o := clprop(t, stopped...).succeeded(t)
		if want := norm + " norm and relu"; !strings.Contains(o.stderr, want) {
			t.Errorf("no %q in %s", want, o.stderr)
		}
		clprop(t, "train", "--device", "cpuref", "--resume", run).succeeded(t)
		m := filepath.Join(run, "model.safetensors")
		clprop(t, "evaluate", "--device", "cpuref", "--model", m, "--data", path).succeeded(t)
		clprop(t, "export", m, "-o", weights).succeeded(t)
		clprop(t, "import", weights, "--names", "iris,lily,rose", "-o", back).succeeded(t)
		predict := func(m, text string) string {
			return clpropWith(t, t.Context(), text, "predict", "--device", "cpuref", "--model", m, "--data", "-").succeeded(t).stdout
		}
		if got, want := predict(back, "x1,x0\n2,1.5\n3,11\n"), predict(m, "length,width\n1.5,2\n11,3\n"); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
		graph := filepath.Join(dir, norm+".onnx")
		clprop(t, "export", m, "--to", "onnx", "-o", graph).succeeded(t)
		clprop(t, "import", graph, "-o", back).succeeded(t)
		if got, want := predict(back, "width,length\n2,1.5\n3,11\n"), predict(m, "length,width\n1.5,2\n11,3\n"); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
		x, err := trainer.LoadModel(model(t, "--data", path, "--init", weights, "--epochs", "1"))
		if err != nil || x.Network.Norm.String() != norm {
			t.Errorf("--init: %v norm, %v", x.Network.Norm, err)
		}
		o = clprop(t, "train", "--device", "cpuref", "--data", path, "--init", weights, "--norm", "none", "--out", filepath.Join(dir, "x"))
		if o.code != exitBadFile || !strings.Contains(o.stderr, "its network has norm "+norm+", and --norm is none: leave out --norm") {
			t.Errorf("%+v", o)
		}
	}
	o := clprop(t, "train", "--device", "cpuref", "--data", path, "--norm", "batch", "--batch-size", "1", "--out", filepath.Join(dir, "x"))
	if o.code != exitUsage || !strings.Contains(o.stderr, "batch normalisation needs two examples in each step") {
		t.Errorf("%+v", o)
	}
}
