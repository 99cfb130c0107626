package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
)

// launchers are the two of Debian, and how they are told to start more ranks than there
// are cores, as root.
var launchers = map[string][]string{
	"mpirun.openmpi": {"--allow-run-as-root", "--oversubscribe", "--bind-to", "none"},
	"mpirun.mpich":   nil,
}

// mpirun runs this program under a launcher; env are variables as NAME=value. Five minutes,
// half of what go test gives a package, is the most that it may take: the ranks spin, on few cores. Without the launcher the test is
// skipped, or fails where CLPROP_REQUIRE_OPENCL is 1, as in CI.
func mpirun(t *testing.T, launcher string, env []string, args ...string) outcome {
	t.Helper()
	path, err := exec.LookPath(launcher)
	if err != nil {
		if os.Getenv("CLPROP_REQUIRE_OPENCL") == "1" {
			t.Fatalf("%v: install openmpi-bin and mpich", err)
		}
		t.Skipf("%v: install openmpi-bin and mpich", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append(append([]string{}, launchers[launcher]...), args...)...)
	cmd.Env = append(append(os.Environ(), envMain+"=1"), env...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		t.Fatalf("%s %q: %v\n%s", launcher, args, err, stderr.String())
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// trainArgs trains a small network on the CPU reference: 105 steps.
func trainArgs(out string, more ...string) []string {
	return append([]string{"train", "--device", "cpuref", "--hidden", "16", "--batch-size", "64", "--epochs", "5", "--quiet", "--json", "--out", out}, more...)
}

func resultOf(t *testing.T, stdout string) (r trainJSON) {
	t.Helper()
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v:\n%s", err, stdout)
	}
	return r
}

func layersOf(t *testing.T, path string) []trainer.Layer {
	t.Helper()
	m, err := trainer.LoadModel(path)
	if err != nil {
		t.Fatal(err)
	}
	return m.Network.Layers
}

// One rank under a launcher is a plain run, to the bit. Two and four have its cost to
// 1e-5, and its accuracy to 0.3 points; rank 0 alone writes.
func TestTrainUnderLaunchers(t *testing.T) {
	folder := t.TempDir()
	plainModel := filepath.Join(folder, "plain")
	plain := resultOf(t, clprop(t, trainArgs(plainModel)...).succeeded(t).stdout)
	for launcher := range launchers {
		for _, n := range []string{"1", "2", "4"} {
			model := filepath.Join(folder, launcher+n)
			o := mpirun(t, launcher, nil, append([]string{"-n", n, os.Args[0]}, trainArgs(model)...)...)
			if o.code != exitOK {
				t.Fatalf("%s -n %s: exit code %d, stderr:\n%s", launcher, n, o.code, o.stderr)
			}
			got := resultOf(t, o.stdout) // one object, so of one rank
			if n == "1" {
				if !reflect.DeepEqual(layersOf(t, model), layersOf(t, plainModel)) || got.Ranks != nil {
					t.Errorf("%s -n 1: other weights than without a launcher", launcher)
				}
				continue
			}
			for i, want := range plain.History.Epochs {
				if is := got.History.Epochs[i]; math.Abs(is.Cost-want.Cost) > 1e-5*want.Cost {
					t.Errorf("%s -n %s, epoch %d: cost %v, want %v", launcher, n, i+1, is.Cost, want.Cost)
				}
			}
			if math.Abs(got.Test.Accuracy-plain.Test.Accuracy) > 0.003 {
				t.Errorf("%s -n %s: accuracy %v, want %v", launcher, n, got.Test.Accuracy, plain.Test.Accuracy)
			}
			if got.Ranks == nil || got.Ranks.Count != int(n[0]-'0') || got.Ranks.Machines != 1 || got.Ranks.SumSeconds <= 0 {
				t.Errorf("%s -n %s: ranks %+v", launcher, n, got.Ranks)
			}
		}
	}
}

// What is wrong with ranks ends all of them, with a line that says what it is. A
// minute, far more than the few seconds that it takes, ends what hangs.
func TestRanksThatCannotTrain(t *testing.T) {
	out := filepath.Join(t.TempDir(), "model")
	twice := func(a, b string) []string { // another command line on each rank
		args := append([]string{"-n", "1", os.Args[0]}, trainArgs(out, "--seed", a)...)
		return append(append(args, ":", "-n", "1", os.Args[0]), trainArgs(out, "--seed", b)...)
	}
	two := append([]string{"-n", "2", os.Args[0]}, trainArgs(out)...)
	for _, c := range []struct {
		what, launcher string
		env, args      []string
		says           string
		code           int
	}{
		{"MPICH's library under Open MPI", "mpirun.openmpi", []string{"CLPROP_MPI_LIBRARY=libmpich.so.12"}, two, "started 2 ranks, libmpich.so.12 (MPICH) sees 1", exitUsage},
		{"Open MPI's library under MPICH", "mpirun.mpich", []string{"CLPROP_MPI_LIBRARY=libmpi.so.40"}, two, "started 2 ranks, libmpi.so.40 (Open MPI) sees 1", exitUsage},
		{"no library", "mpirun.openmpi", []string{"CLPROP_MPI_LIBRARY=libnosuch.so"}, two, "no MPI library", exitUsage},
		{"another program", "mpirun.openmpi", nil,
			append(append([]string{"-n", "1", os.Args[0]}, append(trainArgs(out), ":", "-n", "1", otherProgram(t))...), trainArgs(out)...),
			"rank 1 runs another clprop than rank 0", exitFailure},
		{"other flags", "mpirun.openmpi", nil, twice("1", "2"), "ranks differ: rank 1 has other configuration than rank 0", exitFailure},
		{"no such file on one rank", "mpirun.openmpi", nil,
			append(append([]string{"-n", "1", os.Args[0]}, append(trainArgs(out), ":", "-n", "1", os.Args[0])...), trainArgs(out, "--data", "/nosuch.csv")...),
			"clprop: rank 1 of 2 on ", exitBadFile},
		{"standard input", "mpirun.mpich", nil, append(two, "--data", "-"), "one of 2 ranks has it", exitUsage},
		{"verification", "mpirun.mpich", nil, append(two, "--verify-every", "3"), "there are 2 ranks", exitUsage},
	} {
		o := mpirun(t, c.launcher, c.env, c.args...)
		if o.code != c.code || strings.Count(o.stderr, c.says) != 1 {
			t.Errorf("%s: exit code %d, want %d; want once %q:\n%s", c.what, o.code, c.code, c.says, o.stderr)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a model was written", c.what)
		}
	}
}

// otherProgram is this one with a byte more.
func otherProgram(t *testing.T) string {
	t.Helper()
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "clprop")
	if err := os.WriteFile(path, append(program, 0), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// Two ranks on parts of a CPU of OpenCL train as one process on such a part does: to 1e-5 in
// cost, and with sums of float16 to 1%, see trainer.TestRanksCompress. Kernels are
// launched.
func TestRanksOnOpenCL(t *testing.T) {
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	folder := t.TempDir()
	args := func(name string, more ...string) []string {
		return trainArgs(filepath.Join(folder, name), append([]string{"--device", "pthread", "--epochs", "2"}, more...)...)
	}
	plain := resultOf(t, clprop(t, args("plain")...).succeeded(t).stdout)
	for launcher := range launchers {
		for compress, tolerance := range map[string]float64{"none": 1e-5, "fp16": 0.01} {
			o := mpirun(t, launcher, nil, append([]string{"-n", "2", os.Args[0]}, args(launcher+compress, "--compress", compress, "--rank-memory", "own")...)...)
			if o.code != exitOK {
				t.Fatalf("%s, %s: exit code %d, stderr:\n%s", launcher, compress, o.code, o.stderr)
			}
			got := resultOf(t, o.stdout)
			for i, want := range plain.History.Epochs {
				if is := got.History.Epochs[i]; math.Abs(is.Cost-want.Cost) > tolerance*want.Cost {
					t.Errorf("%s, %s, epoch %d: cost %v, want %v", launcher, compress, i+1, is.Cost, want.Cost)
				}
			}
			if got.Ranks == nil || got.Ranks.Count != 2 || got.Ranks.Memory != "own" || got.Device.Launches == 0 {
				t.Errorf("%s, %s: ranks %+v, %d launches", launcher, compress, got.Ranks, got.Device.Launches)
			}
		}
	}
}

// Ranks on one memory, as they are by default on the CPU of one machine, train to the bits of
// one process. A run of them goes on alone, without a word of other bits. More ranks than cores
// keep a memory each.
func TestRanksShareMemory(t *testing.T) {
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	if runtime.NumCPU() < 2 {
		t.Skip("one core")
	}
	folder := t.TempDir()
	args := func(name string, more ...string) []string {
		return trainArgs(filepath.Join(folder, name), append([]string{"--device", "pthread", "--epochs", "2", "--optimizer", "adam", "--norm", "batch"}, more...)...)
	}
	plain := resultOf(t, clprop(t, args("plain")...).succeeded(t).stdout)
	for launcher := range launchers {
		run := filepath.Join(folder, "run-"+launcher)
		o := mpirun(t, launcher, nil, append([]string{"-n", "2", os.Args[0]}, args(launcher, "--run", run)...)...)
		if o.code != exitOK {
			t.Fatalf("%s: exit code %d, stderr:\n%s", launcher, o.code, o.stderr)
		}
		got := resultOf(t, o.stdout)
		if got.Ranks == nil || got.Ranks.Memory != "shared" || got.Ranks.SumSeconds != got.Ranks.WaitedSeconds || got.Device.Launches == 0 {
			t.Errorf("%s: ranks %+v, %d launches", launcher, got.Ranks, got.Device.Launches)
		}
		if !reflect.DeepEqual(layersOf(t, filepath.Join(folder, launcher)), layersOf(t, filepath.Join(folder, "plain"))) {
			t.Errorf("%s: other weights than without a launcher", launcher)
		}
		if is, want := got.History.Epochs[1], plain.History.Epochs[1]; is.Cost != want.Cost || is.ValLoss != want.ValLoss {
			t.Errorf("%s: %+v, want %+v", launcher, is, want)
		}
		alone := clprop(t, "train", "--resume", run, "--epochs", "3").succeeded(t)
		if strings.Contains(alone.stderr, "last bit") {
			t.Errorf("%s: going on alone: %s", launcher, alone.stderr)
		}
	}
	n := fmt.Sprint(runtime.NumCPU() + 1)
	o := mpirun(t, "mpirun.openmpi", nil, append([]string{"-n", n, os.Args[0]}, trainArgs(filepath.Join(folder, "crowd"), "--device", "pthread", "--epochs", "1")...)...)
	if o.code != exitOK {
		t.Fatalf("%s ranks: exit code %d, stderr:\n%s", n, o.code, o.stderr)
	}
	if got := resultOf(t, o.stdout); got.Ranks.Memory != "own" {
		t.Errorf("%s ranks: %+v", n, got.Ranks)
	}
}

// A rank that is killed ends the run, and the run goes on from its checkpoint with more
// ranks, with fewer, and alone.
func TestKilledRank(t *testing.T) {
	for launcher := range launchers {
		folder := filepath.Join(t.TempDir(), "run")
		// The shell's process becomes that of the rank; a child of it kills rank 1, once there
		// is a checkpoint.
		script := `if [ "${OMPI_COMM_WORLD_RANK:-$PMI_RANK}" = 1 ]; then (until ls "$RUN_FOLDER"/checkpoint-* >/dev/null 2>&1; do sleep 0.1; done; sleep 0.3; kill -9 $$) & fi; exec "$0" "$@"`
		o := mpirun(t, launcher, []string{"RUN_FOLDER=" + folder}, "-n", "2", "sh", "-c", script, os.Args[0],
			"train", "--device", "cpuref", "--hidden", "16", "--epochs", "900000", "--quiet", "--run", folder, "--checkpoint-every", "20s")
		if o.code == exitOK {
			t.Errorf("%s: exit code 0 though rank 1 was killed", launcher)
		}
		was := "2"
		for _, n := range []string{"1", "3"} {
			o := mpirun(t, launcher, nil, "-n", n, os.Args[0], "train", "--resume", folder, "--max-time", "200ms", "--json")
			if o.code != exitOK || !strings.Contains(o.stderr, "going on from") || !strings.Contains(o.stderr, "ranks were "+was+", are "+n) {
				t.Errorf("%s -n %s: exit code %d:\n%s", launcher, n, o.code, o.stderr)
			}
			was = n
		}
	}
}

// Lists of cores as Linux writes them.
func TestCountList(t *testing.T) {
	for list, want := range map[string]int{"0": 1, "0-3": 4, "0-3,8": 5, "1,3,5-6": 4, "": 0, "x": 0} {
		if got := countList(list); got != want {
			t.Errorf("%q: %d, want %d", list, got, want)
		}
	}
}
