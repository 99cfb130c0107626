package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// A write to a pipe that nobody reads is an error like others: it must not end a training
	// whose log went to a program that has ended.
	signal.Ignore(syscall.SIGPIPE)
	ctx := untilSignal(context.Background())
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &latch{w: stdout}
	e := &env{stdin: stdin, stdout: out, stderr: stderr}
	root := newRootCommand(e)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.err // a help text, say, whose writer ignores errors
	}
	return e.exit(ctx, err)
}

// whileWanted returns what read does, or the cause of ctx if that ends before: nobody else
// could stop a program that waits for a pipe, or works through a large file. read then goes
// on until the process ends, so what it touches is its own.
func whileWanted[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := read()
		done <- result{value, err}
	}()
	select {
	case got := <-done:
		return got.value, got.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// untilSignal returns a context that the first SIGINT, SIGTERM or SIGHUP cancels, with
// the signal as its cause. A second one ends the process at once. SIGHUP, that the terminal
// is gone, is ignored if it was to be from the start, as under nohup.
func untilSignal(parent context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		received := <-signals
		signal.Stop(signals)
		cancel(signalError{received})
	}()
	return ctx
}
