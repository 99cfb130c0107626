package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/kernels"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

// What is wrong with the input is said in one line, with a code of its own, and
// no file is left behind.
func TestBadInput(t *testing.T) {
	const table = "a,b,k\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n"
	byDigits, byTable := model(t, "--epochs", "1"), model(t, "--epochs", "1", "--val-split", "0", "--data", write(t, "ok.csv", table))
	text, err := os.ReadFile(byDigits)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"ok.csv":           table,
		"ragged.csv":       "a,b,k\n1,2,x\n3,4\n",
		"text.csv":         "a,b,k\n1,2,x\n3,oops,y\n5,6,x\n7,8,y\n",
		"hole.csv":         "a,b,k\n1,2,x\n3,,y\n5,6,x\n7,8,y\n",
		"empty.csv":        "",
		"one.csv":          "a,b,k\n1,2,x\n3,4,x\n",
		"columns.csv":      "a,c\n1,2\n",
		"class.csv":        "a,b,k\n1,2,x\n3,4,z\n",
		"unlabelled.csv":   "a,b\n1,2\n3,4\n",
		"four-images-idx3": images(4),
		"four-labels-idx1": labels(4),
		"more-labels-idx1": labels(5),
		"cut-images-idx3":  images(4)[:19],
		"lone-idx3":        images(4),
		"cut-labels-idx1":  labels(4),
		"cut.st":           string(text[:300]),
		"mended.st":        string(text[:20]) + "\xff" + string(text[21:]),
		"text.st":          "hello, world",
	}
	cases := []struct {
		args []string
		code int
		line string // of stderr, after "clprop: "
	}{
		{[]string{"train", "--data", "none.csv"}, exitBadFile, "open none.csv: no such file or directory"},
		{[]string{"train", "--data", "ragged.csv"}, exitBadFile, "ragged.csv: line 3: expected 3 cells, as on line 1, found 2: take out a title above the table or a note below it, and put a cell that has the separator in quotes"},
		{[]string{"train", "--data", "text.csv", "--val-split", "0"}, exitBadFile,
			`text.csv: line 3, column "b": "oops" is not a finite number; 3 of the column's 4 cells are: mend it, or leave the row or the column out`},
		{[]string{"train", "--data", "empty.csv"}, exitBadFile, "empty.csv: the file is empty: expected rows of cells"},
		{[]string{"train", "--data", "ok.csv", "--label", "zz"}, exitBadFile,
			`ok.csv: line 1: no label column "zz": the columns are "a", "b", "k", or 0 to 2 by position`},
		{[]string{"train", "--data", "ok.csv"}, exitBadFile,
			"ok.csv: split: a fraction of 0.1 of 4 examples leaves none for validation: give more examples or a larger fraction, or --val-split 0 for no validation"},
		{[]string{"train", "--data", "ok.csv", "--val-split", "0", "--test-data", "columns.csv"}, exitBadFile,
			`columns.csv: line 1, column "b": the model needs this column and the file does not have it: it has "a", "c"`},
		{[]string{"train", "--data", "ok.csv", "--val-split", "0", "--test-data", "four-images-idx3"}, exitBadFile,
			"four-images-idx3: the model takes a table of 2 columns, not images"},
		{[]string{"train", "--data", "cut-images-idx3"}, exitBadFile,
			"cut-images-idx3: offset 19: truncated: dimensions [4 2 2] promise 16 bytes of data, found 3: unexpected EOF"},
		{[]string{"train", "--images", "four-images-idx3", "--labels", "more-labels-idx1"}, exitBadFile,
			"more-labels-idx1: offset 4: expected 4 labels, one for each image of four-images-idx3, found 5"},
		{[]string{"train", "--images", "four-images-idx3", "--labels", "none"}, exitBadFile, "open none: no such file or directory"},
		{[]string{"train", "--data", "four-labels-idx1"}, exitBadFile, "four-labels-idx1: offset 3: images: expected 3 dimensions (n × height × width) or 2 (n × width), found 1: are images and labels swapped?"},
		{[]string{"train", "--data", "lone-idx3"}, exitBadFile, "lone-idx3: no file of labels beside it: name it with --labels"},
		{[]string{"train", "--data", "."}, exitBadFile, ".: no PNG or JPEG files, nor folders of them, nor IDX files"},

		{[]string{"evaluate", "--model", "none.st"}, exitBadFile,
			"loading model: stat none.st: no such file or directory: make one with 'clprop train', or name one with --model"},
		{[]string{"evaluate", "--model", "cut.st"}, exitBadFile,
			fmt.Sprintf("loading model: cut.st: not a valid safetensors file: offset 0: header of %d bytes in a file of 300",
				int(text[0])|int(text[1])<<8)},
		{[]string{"evaluate", "--model", "mended.st"}, exitBadFile, "loading model: mended.st: not a valid safetensors file: offset 20: the header is not UTF-8"},
		{[]string{"evaluate", "--model", byTable}, exitUsage,
			byTable + " was not trained on the embedded digits: name examples with --data (try 'clprop evaluate --help')"},
		{[]string{"evaluate", "--model", byTable, "--data", "unlabelled.csv"}, exitBadFile,
			`unlabelled.csv: no label column "k", which the model was trained on: it has a, b; or name yours with --label`},
		{[]string{"evaluate", "--model", byTable, "--data", "class.csv"}, exitBadFile,
			`class.csv: line 3, column "k": class "z" is not one that the model knows: "x", "y"`},
		{[]string{"evaluate", "--model", byDigits, "--data", "ok.csv"}, exitBadFile,
			"ok.csv: line 2: expected 64 columns, the 8 × 8 pixels of an image, found 3"},
		{[]string{"evaluate", "--model", byDigits, "--data", "four-images-idx3"}, exitBadFile,
			"four-images-idx3: offset 4: expected images of height 8 and width 8, found 2 and 2"},
		{[]string{"predict", "--model", byTable, "--data", "text.csv"}, exitBadFile,
			`text.csv: line 3, column "b": "oops" is not a finite number, as the model needs`},
		{[]string{"predict", "--model", byTable, "--data", "hole.csv", "--out", "answers.csv"}, exitBadFile,
			`hole.csv: line 3, column "b": the value is missing: fill it in, or leave the row or the column out`},
		{[]string{"predict", "--model", "text.st", "--data", "ok.csv", "--out", "answers.csv"}, exitBadFile,
			"loading model: text.st: not a valid safetensors file: offset 0: header of 8583909746840200552 bytes, at most 100000000"},

		{[]string{"train", "--out", "."}, exitFailure, "--out .: a directory is there: name a file"},
		{[]string{"train", "--out", "none/m.st"}, exitFailure, "--out none/m.st: no file can be made there: no such file or directory"},
		{[]string{"predict", "--model", byTable, "--data", "ok.csv", "--out", "none/a.csv"}, exitFailure, ""},
	}
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range cases {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			args := append([]string{c.args[0], "--device", "cpuref"}, c.args[1:]...)
			if c.args[0] == "train" {
				args = append(args, "--quiet")
			}
			o := clprop(t, args...)
			if c.line != "" {
				o.failed(t, c.code, c.line)
			} else if o.code != c.code || strings.Count(o.stderr, "\n") != 1 {
				t.Errorf("%+v", o)
			}
			if left := entries(t, dir); len(left) != len(files) {
				t.Errorf("left behind, of these: %v", left)
			}
		})
	}
}

func TestBadUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("ok.csv", []byte("a,k\n1,x\n2,y\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args, line string
	}{
		{"trian", `unknown command "trian": did you mean train? (try 'clprop --help')`},
		{"paint", `unknown command "paint" (try 'clprop --help')`},
		{"help paint", `unknown command "paint" (try 'clprop --help')`},
		{"--fast", `unknown flag: --fast (try 'clprop --help')`},
		{"train --fast", `unknown flag: --fast (try 'clprop train --help')`},
		{"fit --data ok.csv", `unknown command "fit": did you mean train? (try 'clprop --help')`},
		{"--version", `unknown flag: --version: did you mean clprop version? (try 'clprop --help')`},
		{"train --epoch 5", `unknown flag: --epoch: did you mean --epochs? (try 'clprop train --help')`},
		{"train --batch_size=16", `unknown flag: --batch_size: did you mean --batch-size? (try 'clprop train --help')`},
		{"train --learning_rate 0.1", `unknown flag: --learning_rate: did you mean --lr? (try 'clprop train --help')`},
		{"train --hidden-layer-sizes 64", `unknown flag: --hidden-layer-sizes: did you mean --hidden? (try 'clprop train --help')`},
		{"export m --format onnx", `unknown flag: --format: did you mean --to? (try 'clprop export --help')`},
		{"serve --model m", `unknown flag: --model: name the model without a flag (try 'clprop serve --help')`},
		{"predict m ok.csv", `unexpected arguments: did you mean --model m --data ok.csv? (try 'clprop predict --help')`},
		{"train ok.csv", `unexpected argument "ok.csv": did you mean --data ok.csv? (try 'clprop train --help')`},
		{"devices all", `unexpected argument "all" (try 'clprop devices --help')`},
		{"train --epochs", `flag needs an argument: --epochs (try 'clprop train --help')`},
		{"train --epochs many", `invalid argument "many" for "--epochs" flag: need a number of epochs, or auto (try 'clprop train --help')`},
		{"train --seed 99999999999999999999", `invalid argument "99999999999999999999" for "--seed" flag: value out of range (try 'clprop train --help')`},
		{"train --epochs 0", `invalid argument "0" for "--epochs" flag: need at least 1, or auto (try 'clprop train --help')`},
		{"train --batch-size 0", `invalid argument "0" for "--batch-size" flag: need at least 1, or auto (try 'clprop train --help')`},
		{"train --micro-batch few", `invalid argument "few" for "--micro-batch" flag: need a number of examples, or auto (try 'clprop train --help')`},
		{"train --lr 0", `--lr is 0: need a number above 0, up to 3.4e+38 (try 'clprop train --help')`},
		{"train --optimizer adamax", `--optimizer is "adamax": have sgd, momentum, nesterov, rmsprop, adagrad, adam, adamw, lion, lbfgs, cg (try 'clprop train --help')`},
		{"train --momentum 0.9", `--optimizer: optimizer sgd has no momentum, which is 0.9 (try 'clprop train --help')`},
		{"train --optimizer adam --beta1 0", `--beta1 is 0: need a number above 0 (try 'clprop train --help')`},
		{"train --optimizer adam --beta2 1", `--optimizer: beta2 of adam is 1: need a number above 0 and below 1 (try 'clprop train --help')`},
		{"train --optimizer adamw --weight-decay 0", `--weight-decay is 0: --optimizer adam is adamw without it (try 'clprop train --help')`},
		{"train --lr NaN", `--lr is NaN: need a number above 0, up to 3.4e+38 (try 'clprop train --help')`},
		{"train --l2 -1", `--l2 is -1: need 0 or more, up to 3.4e+38 (try 'clprop train --help')`},
		{"train --val-split 1", `--val-split is 1: need 0 or more and less than 1 (try 'clprop train --help')`},
		{"train --hidden 8,x", `--hidden is "8,x": "x" is not a number of units: write 128, or 128,64 for two layers (try 'clprop train --help')`},
		{"train --hidden 8,,8", `--hidden is "8,,8": "" is not a number of units: write 128, or 128,64 for two layers (try 'clprop train --help')`},
		{"train --hidden 0", `--hidden is "0": "0" is not a number of units: write 128, or 128,64 for two layers (try 'clprop train --help')`},
		{"train --activation softmax", `--activation is "softmax": have linear, sigmoid, tanh, relu, leaky-relu, elu, selu, softplus, gelu, silu, hard-sigmoid, hard-swish (try 'clprop train --help')`},
		{"train --output relu", `--output is "relu": have softmax, sigmoid (try 'clprop train --help')`},
		{"train --init zero", `--init is "zero": have auto, xavier, he, lecun, or a file of weights, and no file is there (try 'clprop train --help')`},
		{"train --resident maybe", `--resident is "maybe": have auto, yes, no (try 'clprop train --help')`},
		{"train --progress fast", `--progress is "fast": have auto, bar, plain, none (try 'clprop train --help')`},
		{"train --out=", `--out is empty: name a file for the model (try 'clprop train --help')`},
		{"train --data=", `--data is empty (try 'clprop train --help')`},
		{"train --data ok.csv --images ok.csv", `--data and --images are both given: they mean the same, name one (try 'clprop train --help')`},
		{"train --data ok.csv --out ok.csv", `--out ok.csv would replace what is read: name another file (try 'clprop train --help')`},
		{"train --data ok.csv --header maybe", `--header is "maybe": have auto, yes, no (try 'clprop train --help')`},
		{"train --data ok.csv --separator ab", `--separator is "ab": need one character, or tab (try 'clprop train --help')`},
		{"train --data ok.csv --labels x", `--labels goes with an IDX or NPY file of images: give it with --images (try 'clprop train --help')`},
		{"train --label k", `--label is for tables, and none is given (try 'clprop train --help')`},
		{"predict", `no examples: name them with --data, or - for standard input (try 'clprop predict --help')`},
		{"predict --data ok.csv --out ok.csv", `--out ok.csv would replace what is read: name another file (try 'clprop predict --help')`},
		{"predict --data ok.csv --out=", `--out is empty: name a file, or - for standard output (try 'clprop predict --help')`},
	} {
		t.Run(c.args, func(t *testing.T) {
			clprop(t, strings.Fields(c.args)...).failed(t, exitUsage, c.line)
		})
	}
	if left := entries(t, "."); len(left) != 1 {
		t.Errorf("left behind, of these: %v", left)
	}
}

// Settings that are good by themselves and do not go together are usage too, also where it
// takes the examples to see it.
func TestConflicts(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct{ args, line string }{
		{"--norm batch --micro-batch 8", `fit: batch normalisation is by all examples of a step, 32, and a micro-batch of 8 has a part of them: leave it out, or use norm layer`},
		{"--norm batch --batch-size 1", `fit: batch normalisation needs two examples in each step: 1294 in batches of 1 leave one alone: take batches of 2`},
		{"--norm batch --optimizer lbfgs", `optimizer lbfgs tries weights that it does not keep, and the running means and variances of batch normalisation would follow them: use norm layer, or another optimizer`},
		{"--optimizer cg --batch-size 32", `fit: batch size is 32: cg takes all 1294 examples a step: leave it out, and choose a micro-batch for parts of them`},
		{"--mixup 0.2 --micro-batch 5", `fit: micro-batch is 5: mixup needs an even number, so that parts have the pairs of the whole`},
	} {
		t.Run(c.args, func(t *testing.T) {
			clprop(t, append([]string{"train", "--quiet", "--device", "cpuref"}, strings.Fields(c.args)...)...).failed(t, exitUsage, c.line)
		})
	}
}

// Several devices of which one is there twice, and parts larger than the device, are usage errors.
func TestImpossibleGroups(t *testing.T) {
	for spec, text := range map[string]string{
		"cpuref,cpuref":  `device "cpuref,cpuref": no such group or parts of devices: `,
		"0,0":            "is named twice: name each device once",
		"cpu/4000":       "compute units, and 4000 are asked for in parts",
		"cpu/3999,cpu/1": "compute units, and 4000 are asked for in parts",
	} {
		if _, err := device.List(); err != nil && spec != "cpuref,cpuref" {
			continue
		}
		o := clprop(t, "train", "--device", spec, "--epochs", "1", "--quiet", "--out", filepath.Join(t.TempDir(), "m.st"))
		if o.code != exitUsage || !strings.Contains(o.stderr, text) || spec == "cpuref,cpuref" && strings.Contains(o.stderr, "0/1") {
			t.Errorf("%s: exit code %d, stderr %q, want %q", spec, o.code, o.stderr, text)
		}
	}
}

func TestUnknownDevice(t *testing.T) {
	t.Chdir(t.TempDir())
	listing, err := device.List()
	if err != nil {
		t.Skip("without an OpenCL device there is another message")
	}
	clprop(t, "train", "--quiet", "--device", "abacus").failed(t, exitNoDevice,
		`device "abacus": no such device: have `+listing.Names()+`, cpuref, auto`)
	t.Setenv(device.EnvDevice, "abacus")
	clprop(t, "train", "--quiet").failed(t, exitNoDevice, `device "abacus": no such device: have `+listing.Names()+`, cpuref, auto`)
}

// A variable of the environment that cannot be read is a usage error, before any device is tried:
// with auto training does not move to the CPU reference for it.
func TestBadEnvironment(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct{ name, value, way string }{
		{device.EnvWaitTimeout, "90", "need a time such as 90s"},
		{device.EnvMemory, "banana", "need a number of bytes"},
		{kernels.EnvCache, "maybe", "need on or off"},
		{device.EnvTune, "maybe", "need on or off"},
		{kernels.EnvAMX, "maybe", "need on or off"},
	} {
		for _, spec := range []string{"auto", "0", "cpuref", "cpu/1x2"} {
			t.Run(c.name+" "+spec, func(t *testing.T) {
				t.Setenv(c.name, c.value)
				o := clprop(t, "train", "--device", spec, "--epochs", "1", "--quiet")
				if o.code != exitUsage || !strings.Contains(o.stderr, c.name+` is "`+c.value+`": `+c.way) || strings.Contains(o.stderr, "driver") {
					t.Errorf("exit code %d, stderr %q", o.code, o.stderr)
				}
				if left := entries(t, "."); len(left) != 0 {
					t.Errorf("left behind: %v", left)
				}
			})
		}
		for _, args := range [][]string{
			{"doctor"}, {"bench", "--seconds", "0.1", "--net", "4-3", "--batch", "4"}, // which go on from device to device
			{"tune", "--net", "4-3"}, {"tune", "--show"}, {"tune", "--clear"}, {"devices"}, // which look into the cache
		} {
			t.Run(c.name+" "+strings.Join(args, " "), func(t *testing.T) {
				t.Setenv(c.name, c.value)
				o := clprop(t, args...)
				if o.code != exitUsage || o.stdout != "" || strings.Count(o.stderr, c.way) != 1 {
					t.Errorf("exit code %d, stdout %q, stderr %q", o.code, o.stdout, o.stderr)
				}
			})
		}
	}
}

func TestExitCode(t *testing.T) {
	interrupted, cancel := context.WithCancelCause(context.Background())
	cancel(signalError{os.Interrupt})
	hung, cancel := context.WithCancelCause(context.Background())
	cancel(signalError{syscall.SIGHUP})
	terminated, cancel := context.WithCancelCause(context.Background())
	cancel(signalError{syscall.SIGTERM})
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want int
	}{
		{context.Background(), errors.New("disk full"), exitFailure},
		{context.Background(), &usageError{"clprop", errors.New("x")}, exitUsage},
		{context.Background(), device.ErrUnknownDevice, exitNoDevice},
		{context.Background(), device.ErrNoLibrary, exitNoDevice},
		{context.Background(), device.ErrNoPlatform, exitNoDevice},
		{context.Background(), device.ErrNoDevice, exitNoDevice},
		{context.Background(), &data.Error{Path: "x.csv"}, exitBadFile},
		{context.Background(), trainer.ErrData, exitBadFile},
		{context.Background(), trainer.ErrConfig, exitUsage},
		{context.Background(), device.ErrEnvironment, exitUsage},
		{context.Background(), trainer.ErrModel, exitBadFile},
		{context.Background(), badFile(os.ErrNotExist), exitBadFile},
		{context.Background(), trainer.ErrDiverged, exitDiverged},
		{context.Background(), trainer.ErrMemory, exitMemory},
		{context.Background(), &device.MemoryError{}, exitMemory},
		{interrupted, context.Canceled, exitInterrupt},
		{interrupted, context.Cause(interrupted), exitInterrupt},
		{hung, context.Canceled, exitHangup},
		{terminated, context.Canceled, exitTerminated},
		{terminated, badFile(context.Cause(terminated)), exitTerminated}, // while reading a file
		{terminated, errors.New("disk full"), exitFailure},               // not for the signal
	} {
		if got := exitCode(c.ctx, fmt.Errorf("somewhere: %w", c.err)); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
	}
	if err := badFile(nil); err != nil {
		t.Errorf("badFile(nil) is %v", err)
	}
}

// full is a standard output without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// gone is a standard output that nobody reads any more.
type gone struct{}

func (gone) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
}

func TestStandardOutputFull(t *testing.T) {
	m := model(t, "--epochs", "1", "--val-split", "0", "--data", write(t, "ok.csv", flowers(9)))
	in := write(t, "in.csv", flowers(3))
	t.Chdir(t.TempDir())
	clprop(t, "train", "--device", "cpuref", "--epochs", "1", "--quiet", "--run", "run").succeeded(t)
	clprop(t, "search", "--device", "cpuref", "--quiet", "--run", "found", "--vary", "lr=0.1|0.2", "--trials", "2", "--budget", "1").succeeded(t)
	for _, args := range [][]string{
		{"--help"}, {"version"}, {"devices"}, {"completion", "bash"}, {"version", "--json"}, {"help", "train"},
		{"bench", "--json", "--seconds", "0.01", "--devices", "cpuref", "--net", "4-3-2", "--batch", "2"},
		{"inspect", in}, {"inspect", "--json", in},
		{"evaluate", "--json", "--device", "cpuref", "--model", m, "--data", in},
		{"config", "init"}, {"config", "show"}, {"docs", "markdown"}, {"compare", "run", "run"}, {"devices", "--json"},
		{"lr-find", "--device", "cpuref", "--json"}, {"search", "--resume", "found", "--json"},
		{"train", "--device", "cpuref", "--quiet", "--json", "--epochs", "1"},
		{"train", "--device", "cpuref", "--progress", "none", "--epochs", "1"},
		{"evaluate", "--device", "cpuref", "--model", m, "--data", in},
		{"predict", "--device", "cpuref", "--model", m, "--data", in},
	} {
		var stderr strings.Builder
		code := run(context.Background(), args, strings.NewReader(""), full{}, &stderr)
		want := "clprop: writing standard output: " + syscall.ENOSPC.Error() + "\n"
		if code != exitFailure || !strings.HasSuffix(stderr.String(), want) {
			t.Errorf("%v: exit code %d, stderr %q, want %q at its end", args, code, stderr.String(), want)
		}
		stderr.Reset()
		if code := run(context.Background(), args, strings.NewReader(""), gone{}, &stderr); code != exitPipe || strings.Contains(stderr.String(), "clprop: ") {
			t.Errorf("%v, read by nobody: exit code %d, stderr %q", args, code, stderr.String())
		}
	}
	device, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here: ", err)
	}
	defer device.Close()
	var stderr strings.Builder
	code := run(context.Background(), []string{"predict", "--device", "cpuref", "--model", m, "--data", in}, nil, device, &stderr)
	if code != exitFailure || strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), "/dev/full: no space left on device") {
		t.Errorf("exit code %d, stderr %q", code, stderr.String())
	}
}

// A text from a file or a driver reaches the terminal as text.
func TestOneLine(t *testing.T) {
	if got, want := oneLine("a\n\n\tb\x1b[31m \u2028é\r\n"), "a; b�[31m �é"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	name := filepath.Join(t.TempDir(), "a\x1b[2Jb")
	o := clprop(t, "train", "--data", name)
	if o.code != exitBadFile || strings.ContainsRune(o.stderr, '\x1b') {
		t.Errorf("%+v", o)
	}
}
