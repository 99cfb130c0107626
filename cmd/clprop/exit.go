package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
	"github.com/clprop/clprop/trainer/onnx"
	"github.com/clprop/clprop/trainer/safetensors"
)

// The exit codes, as docs/cli.md lists them.
const (
	exitOK         = 0
	exitFailure    = 1
	exitUsage      = 2
	exitNoDevice   = 3
	exitBadFile    = 4
	exitDiverged   = 5
	exitMemory     = 6
	exitHangup     = 129 // 128 + SIGHUP, as shells have it
	exitInterrupt  = 130 // 128 + SIGINT
	exitPipe       = 141 // 128 + SIGPIPE
	exitTerminated = 143 // 128 + SIGTERM
)

// usageError is a command line that asks for what cannot be done.
type usageError struct {
	command string // whose --help helps, such as "clprop train"
	err     error
}

func (e *usageError) Error() string {
	return fmt.Sprintf("%v (try '%s --help')", e.err, e.command)
}

func (e *usageError) Unwrap() error { return e.err }

// fileError is a data or model file that cannot be read, or be used for what it
// was given for.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// badFile marks err, if it is not nil, as one about a data or model file.
func badFile(err error) error {
	if err == nil {
		return nil
	}
	return &fileError{err}
}

// signalError is the cause of a context that a signal ended.
type signalError struct{ os.Signal }

func (e signalError) Error() string { return "stopped by signal: " + e.Signal.String() }

// exit says on stderr what err is, in one line, and returns the exit code.
func (e *env) exit(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	if !errors.Is(err, errNoReader) { // who has seen enough wants no complaint
		e.note("clprop: %v", err)
	}
	return exitCode(ctx, err)
}

func exitCode(ctx context.Context, err error) int {
	var (
		usage   *usageError
		file    *fileError
		stopped signalError
	)
	switch {
	case errors.As(err, &usage), errors.Is(err, trainer.ErrConfig), errors.Is(err, device.ErrOneDevice), errors.Is(err, device.ErrHalf),
		errors.Is(err, device.ErrEnvironment), errors.Is(err, device.ErrGroup), errors.Is(err, device.ErrProfile):
		return exitUsage
	case errors.Is(err, context.Canceled), errors.As(err, &stopped):
		switch errors.As(context.Cause(ctx), &stopped); stopped.Signal {
		case syscall.SIGTERM:
			return exitTerminated
		case syscall.SIGHUP:
			return exitHangup
		}
		return exitInterrupt
	case errors.Is(err, errNoReader):
		return exitPipe
	case errors.Is(err, device.ErrUnknownDevice), errors.Is(err, device.ErrNoLibrary),
		errors.Is(err, device.ErrNoPlatform), errors.Is(err, device.ErrNoDevice):
		return exitNoDevice
	case outOfMemory(err):
		return exitMemory
	case errors.Is(err, trainer.ErrDiverged):
		return exitDiverged
	case errors.As(err, &file), errors.Is(err, data.ErrFormat), errors.Is(err, trainer.ErrData),
		errors.Is(err, trainer.ErrMismatch), errors.Is(err, trainer.ErrSnapshot), errors.Is(err, trainer.ErrModel), errors.Is(err, trainer.ErrWeights), errors.Is(err, onnx.ErrExport), errors.Is(err, onnx.ErrFormat), errors.Is(err, safetensors.ErrFormat), errors.Is(err, safetensors.ErrUnsupported):
		return exitBadFile
	}
	return exitFailure
}

// outOfMemory reports whether err is of a device that cannot hold what was asked for.
func outOfMemory(err error) bool {
	var full *device.MemoryError
	return errors.As(err, &full) || errors.Is(err, trainer.ErrMemory)
}
