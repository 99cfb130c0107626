package cl

import (
	"errors"
	"strings"
	"testing"
)

func TestBuildErrorHasWholeLog(t *testing.T) {
	r := openRig(t)
	// 60 errors make a log longer than any fixed buffer of a line or two, though
	// compilers stop counting somewhere.
	source := "__kernel void k(__global float *a) { a[0] = undeclared_first; }\n" +
		strings.Repeat("/* a long comment, so that the source is long */\n", 60) +
		"__kernel void l(__global float *a) { a[0] = undeclared_last; }\n"
	p, err := r.ctx.CreateProgramWithSource([]string{source})
	check(t, err)
	defer p.Release()
	err = p.BuildProgram(nil, "-DX=1")
	wantErr(t, err, ErrBuildProgramFailure)
	var build *BuildError
	if !errors.As(err, &build) {
		t.Fatalf("%T, want *BuildError", err)
	}
	if build.Device != r.device.Name() || build.Options != "-DX=1" || build.Op != "clBuildProgram" {
		t.Errorf("error of device %q, options %q, op %q", build.Device, build.Options, build.Op)
	}
	for _, text := range []string{build.Log, err.Error()} {
		if !strings.Contains(text, "undeclared_first") || !strings.Contains(text, "undeclared_last") {
			t.Errorf("the log is not whole: %s", text)
		}
	}
}

func TestBuildLogAfterSuccess(t *testing.T) {
	r := openRig(t)
	p, err := r.ctx.CreateProgramWithSource([]string{"#warning take_note\n", addSource})
	check(t, err)
	defer p.Release()
	check(t, p.BuildProgram([]*Device{r.device}, ""))
	log, err := p.BuildLog(r.device)
	check(t, err)
	if r.pocl() && !strings.Contains(log, "take_note") {
		t.Errorf("log %q lacks the warning", log)
	}
	_, err = p.BuildLog(nil)
	wantErr(t, err, ErrReleased)
}

func TestProgramErrors(t *testing.T) {
	r := openRig(t)
	for _, sources := range [][]string{nil, {}, {""}, {"a\x00b"}} {
		_, err := r.ctx.CreateProgramWithSource(sources)
		wantErr(t, err, ErrInvalidValue)
	}
	p, err := r.ctx.CreateProgramWithSource([]string{addSource})
	check(t, err)
	defer p.Release()
	_, err = p.CreateKernel("add")
	if err == nil || r.pocl() {
		wantErr(t, err, ErrInvalidProgramExecutable)
	}
	wantErr(t, p.BuildProgram(nil, "-D\x00"), ErrInvalidBuildOptions)
	wantErr(t, p.BuildProgram([]*Device{nil}, ""), ErrReleased)
	check(t, p.BuildProgram([]*Device{}, ""))
	for _, name := range []string{"", "no_such", "add\x00"} {
		_, err = p.CreateKernel(name)
		wantErr(t, err, ErrInvalidKernelName)
	}
}

func TestBinaryRoundTrip(t *testing.T) {
	r := openRig(t)
	source, err := r.ctx.CreateProgramWithSource([]string{addSource})
	check(t, err)
	defer source.Release()
	check(t, source.BuildProgram(nil, ""))
	devices, err := source.Devices()
	check(t, err)
	binaries, err := source.Binaries()
	check(t, err)
	if len(devices) != 1 || devices[0] != r.device || len(binaries) != 1 || len(binaries[0]) == 0 {
		t.Fatalf("%d binaries for devices %v", len(binaries), devices)
	}
	p, err := r.ctx.CreateProgramWithBinary(devices, binaries)
	check(t, err)
	defer p.Release()
	check(t, p.BuildProgram(nil, ""))
	k, err := p.CreateKernel("add")
	check(t, err)
	defer k.Release()
	a := r.buffer(t, ramp(4))
	check(t, k.SetArgs(a, a, a, float32(10)))
	done(t)(r.queue.EnqueueNDRangeKernel(k, nil, []int{4}, nil, nil))
	expect(t, r.read(t, a), []float32{0, 11, 22, 33})
}

// What is no binary must be refused, at the latest when it is built.
func TestBadBinary(t *testing.T) {
	r := openRig(t)
	devices := []*Device{r.device}
	if r.pocl() { // rusticl aborts the process
		p, err := r.ctx.CreateProgramWithBinary(devices, [][]byte{[]byte("this is not a program")})
		if err == nil {
			err = p.BuildProgram(nil, "")
			p.Release()
		}
		if err == nil {
			t.Error("nonsense was taken for a program")
		}
	}
	_, err := r.ctx.CreateProgramWithBinary(devices, [][]byte{{}})
	wantErr(t, err, ErrInvalidBinary)
	_, err = r.ctx.CreateProgramWithBinary(devices, nil)
	wantErr(t, err, ErrInvalidValue)
	_, err = r.ctx.CreateProgramWithBinary([]*Device{}, [][]byte{})
	wantErr(t, err, ErrInvalidValue)
}
