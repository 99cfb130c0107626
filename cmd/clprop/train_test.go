package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
)

func TestTrainAndEvaluateAgree(t *testing.T) {
	t.Chdir(t.TempDir())
	trained := clprop(t, "train", "--device", "cpuref", "--epochs", "3").succeeded(t)
	for _, want := range []string{
		"data    embedded digits: 1797 examples (1294 to train on, 144 for validation, 359 to test on), 64 features, 10 classes\n",
		"net     64-128-10, relu, softmax: 9610 parameters\n",
		"cores): asked for\n",
		"\nepoch 1/3  cost ", "\nepoch 2/3  cost ", "\nepoch 3/3  cost ",
	} {
		if !strings.Contains(trained.stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, trained.stderr)
		}
	}
	if n := strings.Count(trained.stderr, "\n"); n != 6 {
		t.Errorf("%d lines on stderr, want 3 before training and one an epoch:\n%s", n, trained.stderr)
	}
	if !regexp.MustCompile(`^test accuracy \d\d\.\d\d% \(\d+ of 359\), loss \d\.\d{4}\n` +
		`trained in .*, .* samples/s, on cpuref.*\nmodel saved to clprop-model.safetensors\n$`).MatchString(trained.stdout) {
		t.Errorf("stdout:\n%s", trained.stdout)
	}
	evaluated := clprop(t, "evaluate", "--device", "cpuref").succeeded(t)
	if a, b := firstLine(trained.stdout), firstLine(evaluated.stdout); a != b {
		t.Errorf("train says %q, evaluate says %q", a, b)
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func TestTrainJSON(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.safetensors")
	o := clprop(t, "train", "--device", "cpuref", "--json", "--quiet", "--epochs", "2", "--hidden", "16,8", "--activation", "tanh",
		"--output", "sigmoid", "--l2", "0.01", "--lr", "0.2", "--batch-size", "16", "--seed", "7", "--out", out).succeeded(t)
	if o.stderr != "" {
		t.Errorf("--quiet writes %q", o.stderr)
	}
	var r trainJSON
	unpack(t, o.stdout, &r)
	if want := []int{64, 16, 8, 10}; !slices.Equal(r.Network.Sizes, want) || r.Network.Activation != "tanh" || r.Network.Output != "sigmoid" {
		t.Errorf("network %+v", r.Network)
	}
	if want := (configJSON{2, 16, 0, optimizerJSON{Name: "sgd"}, 0.2, scheduleJSON{Name: "constant"}, 0.01, lossJSON{0, "none", ""}, stopJSON{}, regularizersJSON{}, augmentJSON{}, "fp32", 7, "auto", "auto", 0.1}); r.Config != want {
		t.Errorf("config %+v, want %+v", r.Config, want)
	}
	if r.Schema != schemaVersion || len(r.History.Epochs) != 2 || r.Test == nil || r.Test.Count != 359 || r.Model != out || r.Interrupted {
		t.Errorf("%+v", r)
	}
	if r.Device.OpenCL || r.Device.Launches != 0 || r.Device.Calls == 0 {
		t.Errorf("device %+v: want the reference to have done it all", r.Device)
	}
	var v evaluateJSON
	unpack(t, clprop(t, "evaluate", "--device", "cpuref", "--json", "--model", out).succeeded(t).stdout, &v)
	if v.Accuracy != r.Test.Accuracy || v.Loss != r.Test.Loss || v.Count != r.Test.Count {
		t.Errorf("evaluate %v %v %v, train %+v", v.Accuracy, v.Loss, v.Count, *r.Test)
	}
}

// An optimizer comes with its numbers, what is given replacing what is not, and its
// learning rate.
func TestTrainOptimizers(t *testing.T) {
	for _, c := range []struct {
		args []string
		want optimizerJSON
		rate float64
	}{
		{[]string{"nesterov"}, optimizerJSON{Name: "nesterov", Momentum: 0.9}, 0.01},
		{[]string{"adamw", "--beta1", "0.8", "--lr", "0.02"}, optimizerJSON{"adamw", 0, 0.8, 0.999, 1e-8, 0.01}, 0.02},
		{[]string{"lion", "--weight-decay", "0.5"}, optimizerJSON{"lion", 0, 0.9, 0.99, 0, 0.5}, 0.0001},
	} {
		o := clprop(t, append([]string{"train", "--device", "cpuref", "--json", "--quiet", "--epochs", "3", "--hidden", "8",
			"--out", filepath.Join(t.TempDir(), "m.safetensors"), "--optimizer"}, c.args...)...).succeeded(t)
		var r trainJSON
		unpack(t, o.stdout, &r)
		if r.Config.Optimizer != c.want || r.Config.Rate != c.rate {
			t.Errorf("%v: %+v, rate %v", c.args, r.Config.Optimizer, r.Config.Rate)
		}
		if e := r.History.Epochs; !(e[2].Loss < e[0].Loss) {
			t.Errorf("%v: loss %v, then %v", c.args, e[0].Loss, e[2].Loss)
		}
	}
}

func TestTrainFolder(t *testing.T) {
	dir, out := idxFolderOf(t, 40, 10), filepath.Join(t.TempDir(), "m.safetensors")
	o := clprop(t, "train", "--device", "cpuref", "--data", dir, "--hidden", "", "--out", out).succeeded(t)
	if want := ": 50 examples (36 to train on, 4 for validation, 10 to test on), 4 features, 2 classes\nnet     4-2, "; !strings.Contains(o.stderr, want) {
		t.Errorf("stderr lacks %q:\n%s", want, o.stderr)
	}
	e := clprop(t, "evaluate", "--device", "cpuref", "--data", dir, "--model", out).succeeded(t)
	if firstLine(o.stdout) != firstLine(e.stdout) || !strings.HasPrefix(e.stdout, "test accuracy 100.00% (10 of 10)") {
		t.Errorf("train %q, evaluate %q", firstLine(o.stdout), firstLine(e.stdout))
	}
	if err := os.Remove(filepath.Join(dir, "t10k-images-idx3-ubyte")); err != nil {
		t.Fatal(err)
	}
	o = clprop(t, "train", "--device", "cpuref", "--data", dir, "--val-split", "0", "--out", out).succeeded(t)
	if !strings.Contains(o.stderr, "no test set: ") || !strings.HasPrefix(o.stdout, "training accuracy ") {
		t.Errorf("%+v", o)
	}
}

// A pair of files is the same data as the directory with both, so the same model.
func TestTrainPair(t *testing.T) {
	dir := idxFolderOf(t, 40, 10)
	x, y := filepath.Join(dir, "train-images-idx3-ubyte"), filepath.Join(dir, "train-labels-idx1-ubyte")
	odd := write(t, "answers", labels(40))
	var models []string
	for _, args := range [][]string{
		{"--data", dir}, {"--images", x, "--labels", y}, {"--data", x}, {"--data", x, "--labels", odd, "--test-data", dir},
	} {
		text, err := os.ReadFile(model(t, append(args, "--epochs", "2")...))
		if err != nil {
			t.Fatal(err)
		}
		// The metadata has times in it, the tensors lie behind it.
		models = append(models, string(text[len(text)-4*(128*5+2*129):]))
	}
	for i := range models {
		if models[i] != models[0] {
			t.Errorf("model %d differs from model 0", i)
		}
	}
}

func TestTrainCSV(t *testing.T) {
	path := write(t, "flowers.csv", flowers(90))
	test := write(t, "more.csv", flowers(30))
	out := filepath.Join(t.TempDir(), "m.safetensors")
	o := clprop(t, "train", "--device", "cpuref", "--data", path, "--label", "species", "--test-data", test, "--epochs", "60", "--out", out).succeeded(t)
	if want := "test accuracy 100.00% (30 of 30)"; !strings.HasPrefix(o.stdout, want) {
		t.Errorf("stdout %q, want %q: the classes are far apart", o.stdout, want)
	}
	o = clprop(t, "train", "--device", "cpuref", "--data", path, "--out", out).succeeded(t)
	if want := "validation accuracy 100.00%"; !strings.HasPrefix(o.stdout, want) {
		t.Errorf("stdout %q, want %q", o.stdout, want)
	}
	if want := "model   " + out + ", replacing the file that is there\n"; !strings.Contains(o.stderr, want) {
		t.Errorf("stderr lacks %q:\n%s", want, o.stderr)
	}
	// The same table from standard input, with tabs and no header.
	tabs := strings.ReplaceAll(flowers(90)[len("length,width,species\n"):], ",", "\t")
	o = clpropWith(t, context.Background(), tabs, "train", "--device", "cpuref", "--data", "-", "--header", "no", "--separator", "tab",
		"--label", "2", "--out", out).succeeded(t)
	if want := "validation accuracy 100.00%"; !strings.HasPrefix(o.stdout, want) {
		t.Errorf("stdout %q, want %q", o.stdout, want)
	}
}

// Every OpenCL device of the machine trains, and its counter shows that it did.
func TestTrainOnDevices(t *testing.T) {
	listing, err := device.List()
	if noDevice(err) {
		cltest.Missing(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	path := write(t, "flowers.csv", flowers(90))
	for _, d := range listing.Devices {
		t.Run(d.Name, func(t *testing.T) {
			args := []string{"--data", path, "--epochs", "10", "--hidden", "4"}
			if cltest.Slow(d.Name) {
				args = []string{"--data", path, "--epochs", "1", "--hidden", "4"}
			}
			out := filepath.Join(t.TempDir(), "m.safetensors")
			var there, here trainJSON
			unpack(t, clprop(t, append([]string{"train", "--json", "--device", d.Name, "--out", out}, args...)...).succeeded(t).stdout, &there)
			unpack(t, clprop(t, append([]string{"train", "--json", "--device", "cpuref", "--out", out}, args...)...).succeeded(t).stdout, &here)
			if !there.Device.OpenCL || there.Device.Launches == 0 || there.Device.Calls != 0 || there.Device.Name != d.Name {
				t.Errorf("device %+v did not do all of the work", there.Device)
			}
			// The same steps from the same weights: a relative 1e-5 a step is the
			// design's bound, and there are at most 30.
			a, b := there.History.Last().Cost, here.History.Last().Cost
			if diff := a - b; diff > 3e-4*b || diff < -3e-4*b {
				t.Errorf("cost %v, on the reference %v", a, b)
			}
		})
	}
}

// Without a driver auto trains on the CPU reference and says so, as the user sees
// it: in a process of its own, since a process loads the drivers once.
func TestTrainFallsBackAloud(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("OCL_ICD_VENDORS is the Linux loader's")
	}
	cmd := process(t, []string{"OCL_ICD_VENDORS=/nonexistent"}, "train", "--epochs", "1", "--json")
	cmd.Dir = t.TempDir()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	if line := firstLine(stderr.String()); !strings.HasPrefix(line, "warning: no OpenCL device: ") ||
		!strings.HasSuffix(line, "; training on the CPU reference (slower)") {
		t.Errorf("stderr begins with %q", line)
	}
	var r trainJSON
	unpack(t, stdout.String(), &r)
	if r.Device.OpenCL || r.Device.Fallback == "" {
		t.Errorf("device %+v", r.Device)
	}

	cmd = process(t, []string{"OCL_ICD_VENDORS=/nonexistent"}, "train", "--device", "gpu")
	cmd.Dir = t.TempDir()
	stderr.Reset()
	cmd.Stderr = &stderr
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitNoDevice {
		t.Errorf("--device gpu without a driver: %v, stderr %s", err, stderr.String())
	}
	if left := entries(t, cmd.Dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names
}

// trigger is a stderr that acts when a text appears in it.
type trigger struct {
	written bytes.Buffer // not embedded: its ReadFrom would go past Write
	text    string
	act     func()
}

func (w *trigger) String() string { return w.written.String() }

func (w *trigger) Write(p []byte) (int, error) {
	n, err := w.written.Write(p)
	if w.act != nil && strings.Contains(w.String(), w.text) {
		w.act()
		w.act = nil
	}
	return n, err
}

func TestInterruptionSavesTheModelSoFar(t *testing.T) {
	for signal, code := range map[os.Signal]int{os.Interrupt: exitInterrupt, syscall.SIGTERM: exitTerminated, syscall.SIGHUP: exitHangup} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Chdir(t.TempDir())
			ctx, cancel := context.WithCancelCause(context.Background())
			stderr := &trigger{text: "epoch    2/5000 ", act: func() { cancel(signalError{signal}) }}
			var stdout bytes.Buffer
			got := run(ctx, []string{"train", "--device", "cpuref", "--epochs", "5000", "--json"}, nil, &stdout, stderr)
			if got != code {
				t.Errorf("exit code %d, want %d", got, code)
			}
			want := "interrupted in epoch 3 of 5000: the model so far is saved to clprop-model.safetensors\nclprop: stopped by signal: " + signal.String() + "\n"
			if !strings.HasSuffix(stderr.String(), want) {
				t.Errorf("stderr\n%s\nlacks at its end\n%s", stderr.String(), want)
			}
			var r trainJSON
			unpack(t, stdout.String(), &r)
			if !r.Interrupted || r.Test != nil || len(r.History.Epochs) != 2 {
				t.Errorf("%+v", r)
			}
			clprop(t, "evaluate", "--device", "cpuref").succeeded(t)

			// The same for a person to read.
			ctx, cancel = context.WithCancelCause(context.Background())
			stderr = &trigger{text: stderr.text, act: func() { cancel(signalError{signal}) }}
			stdout.Reset()
			got = run(ctx, []string{"train", "--device", "cpuref", "--epochs", "5000"}, nil, &stdout, stderr)
			if want := "at the end of epoch 2: validation accuracy "; got != code || !strings.HasPrefix(stdout.String(), want) {
				t.Errorf("exit code %d, stdout %q, want %q", got, stdout.String(), want)
			}
		})
	}
}

func TestInterruptedBeforeTheFirstStep(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(signalError{os.Interrupt})
	o := clpropWith(t, ctx, "", "train", "--device", "cpuref", "--quiet")
	o.failed(t, exitInterrupt, "stopped by signal: interrupt")
	if left := entries(t, "."); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted by another there")
	}
	// A minute or so, so that a signal that is lost ends in a failure.
	cmd := process(t, nil, "train", "--device", "cpuref", "--epochs", "5000")
	cmd.Dir = t.TempDir()
	stderr := &trigger{text: "\nepoch ", act: func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
	}}
	cmd.Stderr = stderr
	err := cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupt {
		t.Errorf("exit code %d (%v), stderr:\n%s", code, err, stderr.String())
	}
	if left := entries(t, cmd.Dir); !slices.Equal(left, []string{defaultModel}) {
		t.Errorf("left behind: %v", left)
	}
}

func TestDivergenceLeavesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	o := clprop(t, "train", "--device", "cpuref", "--quiet", "--lr", "1e30", "--activation", "linear")
	if o.code != exitDiverged || !strings.Contains(o.stderr, "training diverged") || strings.Count(o.stderr, "\n") != 1 {
		t.Errorf("%+v", o)
	}
	if left := entries(t, "."); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestMemory(t *testing.T) {
	info := device.Info{Name: "small", TotalMemory: 1 << 20}
	if err := checkMemory(info, []int{64, 128, 10}); err != nil { // 3·4·9610 bytes
		t.Error(err)
	}
	err := checkMemory(info, []int{1000, 1000, 10})
	// 12·(1000·1001 + 10·1001) = 12 132 120 bytes
	want := "small: network 1000-1000-10 needs 11.6 MiB, 1.0 MiB free: use a smaller batch or net, or another device"
	if err == nil || err.Error() != want || exitCode(context.Background(), err) != exitMemory {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := checkMemory(info, []int{1 << 31, 1 << 31, 1 << 31}); err == nil {
		t.Error("sizes whose product is more than an integer holds are taken")
	}
	if err := checkMemory(device.Info{}, []int{1000, 1000, 10}); err != nil {
		t.Errorf("no limit is known: %v", err)
	}
}

// --tensorboard leaves an event file with every epoch, on resuming another; a folder that
// cannot be is said before anything is trained.
func TestTensorBoard(t *testing.T) {
	folder, out := filepath.Join(t.TempDir(), "events"), filepath.Join(t.TempDir(), "m.st")
	clprop(t, "train", "--device", "cpuref", "--quiet", "--epochs", "2", "--hidden", "4", "--out", out, "--tensorboard", folder).succeeded(t)
	files, err := filepath.Glob(filepath.Join(folder, "events.out.tfevents.*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if text := fileBytes(t, files[0]); strings.Count(text, "loss/train") != 2 || strings.Count(text, "accuracy/validation") != 2 {
		t.Errorf("%q", text)
	}
	if o := clprop(t, "train", "--device", "cpuref", "--quiet", "--out", out, "--tensorboard", files[0]); o.code != exitFailure || !strings.Contains(o.stderr, "--tensorboard ") {
		t.Errorf("%+v", o)
	}
}
