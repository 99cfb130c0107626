package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sequence is a CSV file of so many flowers.
func sequence(rows int) string {
	var b strings.Builder
	b.WriteString("width,length,kind\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d.%d,%d,%s\n", i%13, i%10, i*i%29, []string{"iris", "rose"}[i/3%2])
	}
	return b.String()
}

// fails ends the test unless a command ended with a code and an error that has want in it.
func fails(t *testing.T, o outcome, code int, want string) {
	t.Helper()
	if o.code != code || !strings.Contains(o.stderr, "clprop: ") || !strings.Contains(o.stderr, want) {
		t.Errorf("exit code %d, stderr %q: want %d and %q", o.code, o.stderr, code, want)
	}
}

// A streamed file makes the model that a file in memory does, byte for byte, in the same order;
// it goes on from a checkpoint.
func TestStream(t *testing.T) {
	path := write(t, "flowers.csv", sequence(400))
	var models []string
	for _, args := range [][]string{{"--stream"}, {}} {
		run := filepath.Join(t.TempDir(), "run")
		args = append([]string{"train", "--device", "cpuref", "--data", path, "--val-split", "0", "--shuffle-buffer", "50", "--hidden", "4",
			"--epochs", "3", "--batch-size", "30", "--max-steps", "20", "--checkpoint-every", "6s", "--run", run}, args...)
		o := clprop(t, args...).succeeded(t)
		if len(models) == 0 && !strings.Contains(o.stderr, "streamed: the file is read anew each epoch") {
			t.Errorf("stderr %q", o.stderr)
		}
		b := fileBytes(t, run, runModel)
		models = append(models, b[len(b)-4*(2*4+4+4*2+2):]) // the metadata before says how long it took
	}
	if models[0] != models[1] {
		t.Error("other weights")
	}
	run := filepath.Join(t.TempDir(), "run")
	args := []string{"train", "--device", "cpuref", "--data", path, "--stream", "--val-split", "0.3", "--epochs", "2", "--run", run}
	o := clprop(t, append(args, "--json")...).succeeded(t)
	var r trainJSON
	unpack(t, o.stdout, &r)
	if v := r.Data.Validation; v+r.Data.Train != 400 || v < 75 || v > 165 || r.History.Resident { // 120 ± five deviations of 9
		t.Errorf("%+v", r.Data)
	}
	clprop(t, "train", "--resume", run).succeeded(t)
	if err := os.WriteFile(path, []byte(sequence(401)), 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, clprop(t, "train", "--resume", run), exitBadFile, "training set: ")
}

func TestStreamFlags(t *testing.T) {
	path := write(t, "flowers.csv", sequence(40))
	for want, args := range map[string][]string{
		"--stream is for a file":          {"--stream"},
		"standard input can be read once": {"--stream", "--data", "-"},
		"--test-split and --stream":       {"--stream", "--data", path, "--test-split", "0.1"},
		"--missing median and --stream":   {"--stream", "--data", path, "--missing", "median"},
		"--resident yes and --stream":     {"--stream", "--data", path, "--resident", "yes"},
		"--optimizer lbfgs goes over":     {"--stream", "--data", path, "--optimizer", "lbfgs"},
		"--shuffle-buffer is 0":           {"--data", path, "--shuffle-buffer", "0"},
		"--columns is for files of raw":   {"--data", path, "--columns", "3"},
	} {
		fails(t, clprop(t, append([]string{"train"}, args...)...), exitUsage, want)
	}
	fails(t, clprop(t, "train", "--stream", "--data", unpackFashion(t), "--epochs", "1"), exitBadFile, "streams are of CSV and Parquet")
}

// Floats in a file of their own are trained on, judged and predicted, mapped or not, to the
// same numbers.
func TestRawFloats(t *testing.T) {
	var b []byte
	for i := range 90 {
		for _, v := range []float64{float64(i % 7), float64(i * i % 31), float64(i % 3)} {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		}
	}
	path := write(t, "x.f32", string(b))
	model := filepath.Join(t.TempDir(), "m.safetensors")
	var results [2]string
	for i, how := range []string{"always", "never"} {
		clprop(t, "train", "--device", "cpuref", "--data", path, "--columns", "3", "--map", how, "--hidden", "4", "--epochs", "2", "--out", model).succeeded(t)
		for _, command := range [][]string{{"evaluate", "--json"}, {"predict"}} {
			args := append(command, "--device", "cpuref", "--model", model, "--data", path, "--columns", "3", "--map", how)
			results[i] += clprop(t, args...).succeeded(t).stdout
		}
	}
	if results[0] != results[1] || strings.Count(results[0], "\n") < 92 {
		t.Errorf("mapped\n%s\nread\n%s", results[0], results[1])
	}
	fails(t, clprop(t, "train", "--data", path), exitBadFile, "does not say how many columns it has")
	fails(t, clprop(t, "predict", "--model", model, "--data", path, "--columns", "3", "--map", "some"), exitUsage, `--map is "some"`)
}
