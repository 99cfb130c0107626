package mpi

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// envRank makes a test run its body, as one of several ranks.
const envRank = "CLPROP_TEST_RANK"

// launchers are the two of Debian, and how they are told to start more ranks than there
// are cores, as root.
var launchers = map[string][]string{
	"mpirun.openmpi": {"--allow-run-as-root", "--oversubscribe", "--bind-to", "none"},
	"mpirun.mpich":   nil,
}

// onRanks runs a test's body in n processes under each launcher. Without a launcher the
// test is skipped, or fails where CLPROP_REQUIRE_OPENCL is 1, as in CI.
func onRanks(t *testing.T, n int, body func(t *testing.T, w *World)) {
	t.Helper()
	if os.Getenv(envRank) == t.Name() {
		launcher, ok := Launched()
		if !ok {
			t.Fatal("no launcher is seen")
		}
		w, err := Start(launcher)
		if err != nil {
			t.Fatal(err)
		}
		body(t, w)
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		return
	}
	for name, flags := range launchers {
		path, err := exec.LookPath(name)
		if err != nil {
			if os.Getenv("CLPROP_REQUIRE_OPENCL") == "1" {
				t.Fatalf("%v: install openmpi-bin and mpich", err)
			}
			t.Skipf("%v: install openmpi-bin and mpich", err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // half of what go test gives a package: the ranks spin, on few cores
		defer cancel()
		args := append(append([]string{}, flags...), "-n", fmt.Sprint(n), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.Env = append(os.Environ(), envRank+"="+t.Name(), "GOMAXPROCS=2")
		out, err := cmd.CombinedOutput()
		if passed := bytes.Count(out, []byte("--- PASS: "+t.Name()+" (")); err != nil || passed != n {
			t.Errorf("%s, %d ranks: %d passed, %v:\n%s", name, n, passed, err, out)
		}
	}
}
