package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/durable"
)

// runArgs is a small training; with these, a folder and nothing else.
func runArgs(folder string, more ...string) []string {
	return append([]string{"train", "--run", folder, "--device", "cpuref", "--hidden", "8", "--epochs", "4", "--quiet",
		"--checkpoint-every", "13s"}, more...)
}

// results are the bytes that must not depend on how often a run was stopped: the
// tensors of the model, whose header has times in it, and metrics.csv.
func results(t *testing.T, folder string) string {
	t.Helper()
	model, err := os.ReadFile(filepath.Join(folder, runModel))
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(folder, trainer.MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(model[len(model)-4*(8*65+10*9):]) + string(table)
}

func uninterrupted(t *testing.T, more ...string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "run")
	clprop(t, runArgs(folder, more...)...).succeeded(t)
	return results(t, folder)
}

func TestRunFlags(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	clprop(t, runArgs(folder)...).succeeded(t)
	for _, c := range []struct {
		code int
		args []string
		text string
	}{
		{exitUsage, runArgs(folder), "holds a run already: go on with it by --resume"},
		{exitUsage, []string{"train", "--resume", folder, "--run", folder}, "--run and --resume are both given"},
		{exitUsage, []string{"train", "--resume", ""}, "--resume is empty"},
		{exitUsage, []string{"train", "--resume", folder, "--lr", "3"}, `--lr 3 with --resume: the run has "0.1", and it cannot change`},
		{exitBadFile, []string{"train", "--resume", folder, "--epochs", "3"}, "the checkpoint is of another training: config: Epochs is 3, and 4 are done"},
		{exitUsage, []string{"train", "--run", folder, "--checkpoint-every", "1h"}, `--checkpoint-every "1h" is not when`},
		{exitUsage, []string{"train", "--run", folder, "--keep", "0"}, "--keep is 0"},
		{exitUsage, []string{"train", "--keep", "2"}, "--keep needs a folder for the run"},
		{exitBadFile, []string{"train", "--resume", t.TempDir()}, "no checkpoint to go on from"},
		{exitBadFile, []string{"train", "--resume", filepath.Join(folder, "none")}, "none"},
		{exitBadFile, []string{"train", "--resume", folder, "--data", write(t, "flowers.csv", flowers(90))}, "the checkpoint is of another training: network was 64-8-10"},
	} {
		if o := clprop(t, c.args...); o.code != c.code || !strings.Contains(o.stderr, c.text) {
			t.Errorf("%q: exit code %d, want %d, stderr %q, want %q", c.args, o.code, c.code, o.stderr, c.text)
		}
	}
	// What the optimizer decided is what the run has, and may be said again.
	adam := filepath.Join(t.TempDir(), "adam")
	clprop(t, runArgs(adam, "--optimizer", "adam", "--epochs", "1")...).succeeded(t)
	for flag, was := range map[string]string{"lr": "0.001", "beta1": "0.9", "beta2": "0.999", "batch-size": "32"} {
		o := clprop(t, "train", "--resume", adam, "--quiet", "--"+flag, "7")
		if want := "--" + flag + ` 7 with --resume: the run has "` + was + `", and it cannot change`; o.code != exitUsage || !strings.Contains(o.stderr, want) {
			t.Errorf("%s: exit code %d, stderr %q, want %q", flag, o.code, o.stderr, want)
		}
		clprop(t, "train", "--resume", adam, "--quiet", "--"+flag, was).succeeded(t)
	}
	// A run that is over goes on longer, as if it had been to from the start.
	for _, schedule := range []string{"constant", "step"} {
		short, long := filepath.Join(t.TempDir(), "short"), filepath.Join(t.TempDir(), "long")
		more := []string{"--lr-schedule", schedule}
		clprop(t, runArgs(short, append(more, "--epochs", "3", "--max-steps", "50")...)...).succeeded(t)
		clprop(t, "train", "--resume", short, "--epochs", "6", "--max-steps", "0", "--quiet").succeeded(t)
		if schedule == "step" {
			more = append(more, "--lr-every", "1")
		}
		clprop(t, runArgs(long, append(more, "--epochs", "6")...)...).succeeded(t)
		if results(t, short) != results(t, long) {
			t.Errorf("%s: other results", schedule)
		}
	}
	// A run that is over is at its end again.
	before := results(t, folder)
	clprop(t, "train", "--resume", folder, "--epochs", "4", "--quiet").succeeded(t)
	if results(t, folder) != before {
		t.Error("other results")
	}
}

// One training at a time works in a folder, a new one or one that goes on; afterwards the
// next may.
func TestRunIsHeld(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows cannot lock a folder")
	}
	folder := filepath.Join(t.TempDir(), "run")
	clprop(t, runArgs(folder)...).succeeded(t)
	release, err := durable.Hold(folder)
	if err != nil {
		t.Fatal(err)
	}
	clprop(t, "train", "--resume", folder).failed(t, exitFailure, "--resume "+folder+": another process works in it: wait for it, or name another folder")
	clprop(t, runArgs(folder)...).failed(t, exitFailure, "--run "+folder+": another process works in it: wait for it, or name another folder")
	release()
	clprop(t, "train", "--resume", folder, "--quiet").succeeded(t)
}

// A signal stops a run in its middle; it goes on in another working folder to the
// same bits, without its flags being given again.
func TestRunStoppedAndResumed(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("flowers.csv", []byte(flowers(300)), 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"train", "--device", "cpuref", "--hidden", "8", "--epochs", "40", "--data", "flowers.csv", "--batch-size", "7", "--progress", "plain"}
	clprop(t, append(args, "--run", "whole")...).succeeded(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	stderr := &trigger{text: "epoch  5/40 ", act: func() { cancel(signalError{os.Interrupt}) }}
	var stdout bytes.Buffer
	if code := run(ctx, append(args, "--run", "run"), nil, &stdout, stderr); code != exitInterrupt {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	if want := "interrupted in epoch 6 of 40: go on with clprop train --resume run\nclprop: stopped by signal: interrupt\n"; !strings.HasSuffix(stderr.String(), want) || stdout.Len() != 0 {
		t.Errorf("stdout %q, stderr %q", stdout.String(), stderr.String())
	}
	folder, whole := t.TempDir()+"/moved", "whole"
	if err := os.Rename("run", folder); err != nil {
		t.Fatal(err)
	}
	want := fileBytes(t, whole, trainer.MetricsFile)
	t.Chdir(folder)
	o := clprop(t, "train", "--resume", ".").succeeded(t)
	if !strings.Contains(o.stderr, "run     going on from checkpoint-000005-00000000.clprop, end of epoch 5\n") ||
		!strings.Contains(o.stderr, "\nepoch  6/40 ") {
		t.Errorf("stderr %q", o.stderr)
	}
	if got := fileBytes(t, ".", trainer.MetricsFile); got != want {
		t.Errorf("metrics.csv\n%s\nwant\n%s", got, want)
	}
}

func fileBytes(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// envLong set to 1 makes the tests that kill processes take their time: 200 kills at
// random moments, and one at every system call of each kind.
const envLong = "CLPROP_TEST_LONG"

// A process that is killed at a random moment leaves a run that goes on, to the
// same bits. The time that the tests may take bounds how often.
func TestKilledRuns(t *testing.T) {
	most, limit, window := 20, 15*time.Second, 200
	if os.Getenv(envLong) == "1" {
		most, limit, window = 200, time.Hour, 1500
	}
	more := []string{"--epochs", "60"}
	want := uninterrupted(t, more...)
	began, kills := time.Now(), 0
	random := rand.New(rand.NewPCG(1, 2))
	for round := 0; time.Since(began) < limit && kills < most; round++ {
		folder := filepath.Join(t.TempDir(), "run")
		args := runArgs(folder, more...)
		for try := 0; ; try++ {
			cmd := process(t, nil, args...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			timer := time.AfterFunc(time.Duration(20+random.IntN(window))*time.Millisecond, func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			if timer.Stop() && err != nil { // it ended by itself, and not well
				t.Fatalf("round %d, try %d: %v: %s", round, try, err, stderr.String())
			}
			if err == nil {
				break
			}
			kills++
			if has, err := trainer.HasCheckpoints(folder); err == nil && has {
				args = []string{"train", "--resume", folder, "--quiet"}
			}
			if time.Since(began) > limit || kills >= most {
				clprop(t, args...).succeeded(t)
				break
			}
		}
		if results(t, folder) != want {
			t.Fatalf("round %d: other results than of a run that was never killed", round)
		}
	}
	t.Logf("%d kills", kills)
	if kills < 3 {
		t.Errorf("only %d kills: the test shows little", kills)
	}
}

// injected runs a command line under strace, with a fault put into a system call.
func injected(t *testing.T, inject string, args ...string) (code int, stderr string) {
	t.Helper()
	cmd := process(t, nil, args...)
	log := filepath.Join(t.TempDir(), "trace")
	under := exec.Command("strace", append([]string{"-f", "-qq", "-o", log, "-e", "inject=" + inject, cmd.Path}, args...)...)
	under.Env = cmd.Env
	var b bytes.Buffer
	under.Stderr = &b
	err := under.Run()
	if under.ProcessState == nil {
		t.Fatal(err)
	}
	return under.ProcessState.ExitCode(), b.String()
}

func needStrace(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("strace is Linux's")
	}
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("no strace: ", err)
	}
	if err := exec.Command("strace", "-qq", "-o", "/dev/null", "true").Run(); err != nil {
		t.Skip("strace may not trace here: ", err)
	}
}

// Killed at the first, second, … of each system call that writing makes, a run
// always goes on, to the same bits. strace counts for each thread, and Go moves work
// between threads, so that the counts are not the same places every time.
func TestKilledAtEverySystemCall(t *testing.T) {
	needStrace(t)
	short := []string{"--epochs", "1", "--checkpoint-every", "17s"}
	want, killed := uninterrupted(t, short...), 0
	every := os.Getenv(envLong) == "1"
	for _, c := range []struct{ call, when []string }{
		{[]string{"fsync"}, []string{"1", "2", "3", "4", "5", "6", "7", "9"}},
		{[]string{"renameat", "renameat2", "rename"}, []string{"1", "2", "3", "4", "5"}},
		{[]string{"write"}, []string{"2", "5", "8", "11", "14"}},
		{[]string{"openat"}, []string{"9", "12", "13", "14", "15", "16", "18", "20"}},
		{[]string{"unlinkat", "unlink"}, []string{"1", "2", "3"}},
	} {
		if every {
			c.when = nil
			for k := range 40 { // more than a thread makes of any of them, but for openat and write
				c.when = append(c.when, strconv.Itoa(k+1))
			}
		}
		for _, k := range c.when {
			folder := filepath.Join(t.TempDir(), "run")
			code, _ := injected(t, fmt.Sprintf("%s:signal=KILL:when=%s", strings.Join(c.call, ","), k), runArgs(folder, short...)...)
			if code != exitOK {
				killed++
			}
			args := []string{"train", "--resume", folder, "--quiet"}
			if has, err := trainer.HasCheckpoints(folder); err != nil || !has { // killed before the first was there
				args = runArgs(folder, short...)
			}
			clprop(t, args...).succeeded(t)
			if results(t, folder) != want {
				t.Fatalf("killed at %s %s: other results", c.call[0], k)
			}
		}
	}
	t.Logf("%d kills", killed)
	if killed < 10 {
		t.Errorf("only %d kills: the test shows little", killed)
	}
}

// A full or broken disk, from any system call on, ends the run with a message that names
// file and cause, and what was written before is whole: the run goes on when there is room
// again, or begins anew where no checkpoint was there yet. Of writes one fails, not all,
// so that the message can be written, unless it is its own; where it is one between Go's
// threads, the process crashes.
func TestFaultyDisk(t *testing.T) {
	needStrace(t)
	short := []string{"--epochs", "2"}
	want := uninterrupted(t, short...)
	failed, resumed := 0, 0
	for call, last := range map[string]int{"fsync": 9, "renameat,renameat2,rename": 6, "write": 16} {
		for k := 1; k <= last; k++ {
			code, cause := "ENOSPC", "no space left on device"
			if k%2 == 0 {
				code, cause = "EIO", "input/output error"
			}
			inject := fmt.Sprintf("%s:error=%s:when=%d+", call, code, k)
			if call == "write" {
				inject = strings.TrimSuffix(inject, "+")
			}
			folder := filepath.Join(t.TempDir(), "run")
			status, stderr := injected(t, inject, runArgs(folder, short...)...)
			if status != exitOK {
				failed++
				mute := call == "write" && (stderr == "" || strings.Contains(stderr, "runtime: "))
				if !mute && (status != exitFailure || !strings.Contains(stderr, cause) ||
					!strings.Contains(stderr, folder) || strings.Count(stderr, "\n") != 1) {
					t.Errorf("%s: exit code %d, stderr %q", inject, status, stderr)
				}
			}
			args := []string{"train", "--resume", folder, "--quiet"}
			if has, err := trainer.HasCheckpoints(folder); err != nil || !has {
				args = runArgs(folder, short...)
				if _, err := os.Lstat(folder); status == exitFailure && !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s: there is no checkpoint, and the folder has %v", inject, entries(t, folder))
				}
			} else {
				resumed++
			}
			clprop(t, args...).succeeded(t)
			if results(t, folder) != want {
				t.Errorf("%s: other results", inject)
			}
		}
	}
	if failed < 10 || resumed < 5 {
		t.Errorf("%d runs failed, %d went on: the test shows little", failed, resumed)
	}
}

func TestReadOnlyFileSystem(t *testing.T) {
	needStrace(t)
	folder := filepath.Join(t.TempDir(), "run")
	code, stderr := injected(t, "mkdirat:error=EROFS", runArgs(folder)...)
	if code != exitFailure || !strings.Contains(stderr, folder) || !strings.Contains(stderr, "read-only file system") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

func TestRunInAFolderThatCannotBeWritten(t *testing.T) {
	file := write(t, "file", "")
	if o := clprop(t, runArgs(filepath.Join(file, "run"))...); o.code != exitFailure || !strings.Contains(o.stderr, "--run: ") || !strings.Contains(o.stderr, file) {
		t.Errorf("%+v", o)
	}
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("root may write anywhere, and Windows has other permissions")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	if o := clprop(t, runArgs(dir)...); o.code != exitFailure || !strings.Contains(o.stderr, dir) || !strings.Contains(o.stderr, "permission denied") {
		t.Errorf("%+v", o)
	}
}

// What is refused before the first checkpoint leaves no folder; one that was there stays.
func TestRunOfNothingLeavesNoFolder(t *testing.T) {
	dir, bad := t.TempDir(), write(t, "bad.csv", "a,b\n1,x\n2\n")
	there := filepath.Join(dir, "there")
	if err := os.Mkdir(there, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{filepath.Join(dir, "new"), filepath.Join(dir, "over", "and", "under"), there} {
		if o := clprop(t, runArgs(folder, "--data", bad)...); o.code != exitBadFile {
			t.Errorf("%s: %+v", folder, o)
		}
	}
	if left := entries(t, dir); !slices.Equal(left, []string{"there"}) {
		t.Errorf("left behind: %v", left)
	}
}

func TestDivergedRunKeepsItsCheckpoints(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	o := clprop(t, runArgs(folder, "--lr", "1e30", "--activation", "linear", "--checkpoint-every", "1s")...)
	if o.code != exitDiverged || !strings.Contains(o.stderr, "Θ(1), 64 to 8 units") {
		t.Errorf("%+v", o)
	}
	if _, _, notes, err := trainer.Recover(folder); err != nil || len(notes) > 0 {
		t.Errorf("%v %q", err, notes)
	}
}

// On another driver a run goes on, and it is said.
func TestResumeOnAnotherDevice(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	clprop(t, runArgs(folder)...).succeeded(t)
	s, path, _, err := trainer.Recover(folder)
	if err != nil {
		t.Fatal(err)
	}
	s.Machine.Driver = "0.9"
	if err := s.Save(path); err != nil {
		t.Fatal(err)
	}
	o := clprop(t, "train", "--resume", folder, "--quiet").succeeded(t)
	if want := "warning: results will not be the same to the last bit: driver was \"0.9\", is \"\"\n"; o.stderr != want {
		t.Errorf("stderr %q, want %q", o.stderr, want)
	}
	// So do other shapes of the same kernels, after tuning.
	s.Machine.Driver, s.Machine.Kernels = "", "block"
	if err := s.Save(path); err != nil {
		t.Fatal(err)
	}
	o = clprop(t, "train", "--resume", folder, "--quiet").succeeded(t)
	if want := "kernels was \"block\", is \"\"\n"; !strings.HasSuffix(o.stderr, want) {
		t.Errorf("stderr %q, want %q", o.stderr, want)
	}
}
