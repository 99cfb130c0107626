package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clprop/clprop/trainer"
)

// The first signal ends a command that waits for a pipe, which nobody writes to.
func TestSignalWhileReading(t *testing.T) {
	dir := t.TempDir()
	model, pipe := filepath.Join(dir, "m"), filepath.Join(dir, "pipe")
	clprop(t, "train", "--device", "cpuref", "--epochs", "1", "--quiet", "--out", model).succeeded(t)
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"train", "--data", pipe}, {"train", "--val-data", pipe}, {"train", "--test-data", pipe}, {"train", "--config", pipe},
		{"lr-find", "--data", pipe}, {"evaluate", "--model", model, "--data", pipe}, {"predict", "--model", model, "--data", pipe},
		{"inspect", pipe}, {"search", "--run", filepath.Join(dir, "run"), "--data", pipe, "--vary", "lr=0.1|0.2"},
		{"search", "--run", filepath.Join(dir, "run2"), "--space", pipe},
	} {
		ctx, cancel := context.WithCancelCause(context.Background())
		code := make(chan int)
		var stdout, stderr bytes.Buffer
		go func() { code <- run(ctx, args, nil, &stdout, &stderr) }()
		writer, err := os.OpenFile(pipe, os.O_WRONLY, 0) // returns when there is a reader
		if err != nil {
			t.Fatal(err)
		}
		cancel(signalError{os.Interrupt})
		select {
		case got := <-code:
			if got != exitInterrupt || stdout.Len() > 0 || !strings.Contains(stderr.String(), "stopped by signal: interrupt") {
				t.Errorf("%q: exit code %d, stdout %q, stderr %q", args, got, stdout.String(), stderr.String())
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%q: the signal did not end it", args)
			writer.Close()
			<-code
		}
		writer.Close()
	}
}

// Where a file is to be that is not data, or a picture among others, a pipe is refused
// before it is opened, which would not end.
func TestPipesAreNoFiles(t *testing.T) {
	dir := t.TempDir()
	model, table := filepath.Join(dir, "m"), write(t, "x.csv", "1,2\n")
	clprop(t, "train", "--device", "cpuref", "--epochs", "1", "--quiet", "--out", model).succeeded(t)
	pipe := func(parts ...string) string {
		t.Helper()
		path := filepath.Join(append([]string{dir}, parts...)...)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	found := filepath.Join(dir, "found")
	clprop(t, "search", "--run", found, "--vary", "lr=0.1|0.2", "--trials", "1", "--budget", "1", "--device", "cpuref", "--quiet").succeeded(t)
	if err := os.Remove(filepath.Join(found, "trial-0001", "epochs-1", searchResult)); err != nil {
		t.Fatal(err)
	}
	labels := filepath.Join(dir, "idx", "train-labels-idx1-ubyte")
	if err := os.MkdirAll(filepath.Dir(labels), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(labels, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for path, args := range map[string][]string{
		pipe("found", "trial-0001", "epochs-1", searchResult): {"search", "--resume", "///"},

		pipe("model"):                     {"predict", "--data", table, "--model"},
		pipe("weights"):                   {"import", "--out", filepath.Join(dir, "y"), ""},
		pipe("graph.onnx"):                {"import", "--out", filepath.Join(dir, "y"), ""},
		pipe("init"):                      {"train", "--init"},
		pipe("reported", "report.json"):   {"report", "/"},
		pipe("unfinished", "metrics.csv"): {"plot", "--out", filepath.Join(dir, "y.svg"), "/"},
		pipe("saved", "checkpoint-000001-00000000.clprop"): {"train", "--resume", "/"},
		pipe("pictures", "cat", "1.png"):                   {"inspect", "//"},
		pipe("idx", "train-images-idx3-ubyte"):             {"inspect", "/"},
		pipe("search", searchFile):                         {"search", "--resume", "/"},
	} {
		switch last := &args[len(args)-1]; *last {
		case "/":
			*last = filepath.Dir(path)
		case "///":
			*last = found
		case "//":
			*last = filepath.Dir(filepath.Dir(path))
		case "":
			*last = path
		default:
			args = append(args, path)
		}
		done := make(chan outcome, 1)
		go func() { done <- clprop(t, args...) }()
		select {
		case o := <-done:
			if o.code != exitBadFile || !strings.Contains(o.stderr, path) {
				t.Errorf("%q: %+v", args, o)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%q waits for the pipe", args)
			if end, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
				end.Close()
			}
			<-done
		}
	}
}

// A signal in the test after training ends the command; the model is saved.
func TestSignalInTheTest(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancelCause(context.Background())
	stderr := &trigger{text: "epoch 1/1 ", act: func() { cancel(signalError{os.Interrupt}) }}
	var stdout bytes.Buffer
	code := run(ctx, []string{"train", "--device", "cpuref", "--epochs", "1", "--progress", "plain"}, nil, &stdout, stderr)
	want := "interrupted in the test, training is over: the model so far is saved to clprop-model.safetensors\nclprop: stopped by signal: interrupt\n"
	if code != exitInterrupt || !strings.HasSuffix(stderr.String(), want) || !strings.HasPrefix(stdout.String(), "at the end of epoch 1: validation accuracy") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
	}
	clprop(t, "evaluate", "--device", "cpuref").succeeded(t)
}

// A second signal ends the process at once, though it is in the middle of saving: here
// fsync takes a minute.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	needStrace(t)
	cmd := process(t, nil, "train", "--device", "cpuref", "--epochs", "5000", "--progress", "plain")
	args := []string{"-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=60000000", cmd.Path}
	under := exec.Command("strace", append(args, cmd.Args[1:]...)...) // -D: the process is clprop, and strace is its child
	under.Env, under.Dir = cmd.Env, t.TempDir()
	send := func() {
		if err := under.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
	}
	again := func() { // when saving has begun
		for range 3000 {
			if saving, _ := filepath.Glob(filepath.Join(under.Dir, defaultModel+".clprop-*.tmp")); len(saving) > 0 {
				send()
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		_ = under.Process.Kill()
	}
	stderr := &trigger{text: "\nepoch ", act: func() { send(); go again() }}
	under.Stderr = stderr
	if err := under.Start(); err != nil {
		t.Fatal(err)
	}
	err := under.Wait()
	if status := under.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("%v, not ended by the signal; stderr %q", err, stderr.String())
	}
	if _, err := os.Stat(filepath.Join(under.Dir, defaultModel)); err == nil {
		t.Error("a model was saved")
	}
}

// A training goes on when nobody reads its log any more, such as a tee that Ctrl-C ends before
// it: the signal then stops it as ever.
func TestNobodyReadsTheLog(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	cmd := process(t, nil, "train", "--device", "cpuref", "--epochs", "5000", "--progress", "plain", "--run", folder)
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "epoch ") {
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := trainer.Newest(folder)
	for err == nil && len(before.Epochs) < 10 { // it writes its log meanwhile
		before, err = trainer.Newest(folder)
	}
	if err != nil {
		t.Error(err)
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Error(err)
	}
	err = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitHangup {
		t.Errorf("%v, want exit code %d", err, exitHangup)
	}
}

// What was started with SIGHUP ignored goes on when the terminal is gone.
func TestHangupIgnored(t *testing.T) {
	cmd := process(t, nil, "train", "--device", "cpuref", "--epochs", "3", "--progress", "plain")
	under := exec.Command("sh", append([]string{"-c", `trap "" HUP; exec "$@"`, "sh", cmd.Path}, cmd.Args[1:]...)...)
	under.Env, under.Dir = cmd.Env, t.TempDir()
	stderr := &trigger{text: "epoch 1/3", act: func() { _ = under.Process.Signal(syscall.SIGHUP) }}
	under.Stderr = stderr
	if err := under.Run(); err != nil || !strings.Contains(stderr.String(), "epoch 3/3") {
		t.Errorf("%v: stderr %q", err, stderr.String())
	}
}
