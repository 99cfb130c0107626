package kernels

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cl/cltest"
)

const (
	simulator  = "/usr/lib/oclgrind/liboclgrind-rt-icd.so"
	envFault   = "CLPROP_TEST_FAULT"   // the fault that TestPlantedFault commits
	envChecked = "CLPROP_TEST_CHECKED" // set in the processes that inSimulator starts

)

// inSimulator runs tests of this binary again, in a process with the oclgrind
// simulator as its only OpenCL driver and all its checks on: accesses outside a
// buffer (always), data races, uses of values never written, and wrong API calls.
// It returns what the simulator reports.
func inSimulator(t *testing.T, tests string, env ...string) (report string) {
	t.Helper()
	if _, err := os.Stat(simulator); err != nil {
		if os.Getenv(cltest.EnvRequire) == "1" {
			t.Fatalf("no oclgrind simulator, and %s=1: %v: install the package oclgrind", cltest.EnvRequire, err)
		}
		t.Skipf("no oclgrind simulator: %v", err)
	}
	log := filepath.Join(t.TempDir(), "oclgrind.log")
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.count=1", "-test.run="+tests, "-test.skip="+unsafeTests)
	c.Env = slices.Concat(os.Environ(), []string{
		envChecked + "=1", EnvCache + "=off", cltest.EnvRequire + "=1", "OCL_ICD_VENDORS=" + simulator,
		"OCLGRIND_DATA_RACES=1", "OCLGRIND_UNINITIALIZED=1", "OCLGRIND_CHECK_API=1", "OCLGRIND_LOG=" + log,
		// What version 21.10 checks does not know the freeze that the optimiser makes.
		"OCLGRIND_BUILD_OPTIONS=-O0",
	}, env)
	output, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("tests %s: %v\n%s", tests, err, output)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatalf("the simulator was not used: %v\n%s", err, output)
	}
	if strings.Contains(string(output), "OpenCL runtime error") { // wrong API calls go to standard error
		text = append(text, output...)
	}
	return strings.TrimSpace(string(text))
}

// unsafeTests are those that a checked run leaves out: it itself, calls that are wrong
// on purpose, which the simulator reports too.
const unsafeTests = "^(TestSafety.*|TestCache.*|TestBuildError|TestReleasedLaunch)$"

// All kernels on small ragged shapes, in both families: not one report. A tiny device has
// other tiles, and is the same otherwise.
func TestSafety(t *testing.T) {
	for name, c := range map[string]struct {
		tests string
		env   []string
	}{
		"checks": {".", nil},
		"tiny": {"^Test(Forward|HiddenDelta|Accumulate|Descend|DefaultTuning)",
			[]string{"OCLGRIND_MAX_WGSIZE=64", "OCLGRIND_LOCAL_MEM_SIZE=4096"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if report := inSimulator(t, c.tests, c.env...); report != "" {
				t.Errorf("oclgrind reports:\n%s", report)
			}
		})
	}
}

// An empty report means something: each kind of fault, planted, is reported.
func TestSafetyDetects(t *testing.T) {
	for fault, want := range map[string]string{
		"write":         "Invalid write of size 4",
		"read":          "Invalid read of size 4",
		"race":          " data race at ",
		"uninitialized": "ninitialized",
		"api":           "CL_INVALID",
	} {
		t.Run(fault, func(t *testing.T) {
			report := inSimulator(t, "^TestPlantedFault$", envFault+"="+fault)
			if !strings.Contains(report, want) {
				t.Errorf("a planted fault of kind %q: the report has no %q:\n%s", fault, want, report)
			}
		})
	}
}

// faulty has a kernel for each kind of fault; A and B are 4 floats, B never written.
const faulty = `
kernel void write(global float *A, global float *B) { A[4] = 1.0f; }
kernel void read(global float *A, global float *B) { A[0] = A[4]; }
kernel void race(global float *A, global float *B) { A[0] = get_global_id(0); }
kernel void uninitialized(global float *A, global float *B) { if (B[1] > 0.0f) A[get_global_id(0)] = 1.0f; }
kernel void api(global float *A, global float *B) { }`

// TestPlantedFault commits the fault that TestSafetyDetects asks for.
func TestPlantedFault(t *testing.T) {
	fault := os.Getenv(envFault)
	if fault == "" {
		t.Skip("a fault is planted by TestSafetyDetects only")
	}
	open(t)
	onThread(t, func() { commit(t, benches[0], fault) })
}

func commit(t *testing.T, b *bench, fault string) {
	f := b.fixture(t, "fault", Tuning{})
	program, err := b.context.CreateProgramWithSource([]string{faulty})
	f.ok(err)
	defer program.Release()
	f.ok(program.BuildProgram([]*cl.Device{b.device}, ""))
	k, err := program.CreateKernel(fault)
	f.ok(err)
	defer k.Release()
	f.ok(k.SetArg(0, f.buffer(make([]float32, 4))))
	if fault != "api" { // which is a launch without all arguments
		f.ok(k.SetArg(1, f.scratch(4)))
	}
	event, err := b.queue.EnqueueNDRangeKernel(k, nil, []int{4}, nil, nil)
	event.Release()
	if (err != nil) != (fault == "api") {
		f.Errorf("fault %q: %v", fault, err)
	}
	f.ok(b.queue.Finish())
}

// checked reports whether this process was started by inSimulator.
func checked() bool { return os.Getenv(envChecked) != "" }

// onThread runs f, in the processes that inSimulator starts always on the same
// operating-system thread: oclgrind 21.10 keeps what it knows of uninitialised
// values in a pool of the thread that made the context (ShadowContext::m_workSpace
// is thread-local), and crashes or reports nonsense on any other.
func onThread(t *testing.T, f func()) {
	if !checked() {
		f()
		return
	}
	if work == nil {
		work = make(chan func())
		go func() {
			runtime.LockOSThread()
			defer close(threadEnded) // by a t.Fatal
			for f := range work {
				f()
			}
		}()
	}
	done := make(chan struct{})
	select {
	case work <- func() { defer close(done); f() }:
		<-done
	case <-threadEnded:
		if t != nil {
			t.Fatal("a test before ended the simulator's thread")
		}
	}
}

var (
	work        chan func()
	threadEnded = make(chan struct{})
)
