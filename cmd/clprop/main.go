// Command clprop trains neural networks on OpenCL devices, and says how good
// they are. docs/cli.md describes its commands, exit codes and JSON.
//
// One file holds one subcommand, data.go what they share about data flags, and
// exit.go which error ends with which exit code. What may not live here: anything
// that a program using the packages would want too.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx := untilSignal(context.Background())
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &latch{w: stdout}
	e := &env{stdin: &interruptible{ctx, stdin}, stdout: out, stderr: stderr}
	root := newRootCommand(e)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.err // a help text, say, whose writer ignores errors
	}
	return e.exit(ctx, err)
}

// interruptible is a reader that gives up waiting when ctx ends: nobody else could
// stop a program that waits for its standard input.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (r *interruptible) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	read, buffer := make(chan result, 1), make([]byte, len(p))
	go func() {
		n, err := r.r.Read(buffer)
		read <- result{n, err}
	}()
	select {
	case got := <-read:
		return copy(p, buffer[:got.n]), got.err
	case <-r.ctx.Done():
		return 0, context.Cause(r.ctx)
	}
}

// untilSignal returns a context that the first SIGINT or SIGTERM cancels, with
// the signal as its cause. A second one ends the process at once.
func untilSignal(parent context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		received := <-signals
		signal.Stop(signals)
		cancel(signalError{received})
	}()
	return ctx
}
