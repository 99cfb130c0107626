package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/serve"
	"github.com/spf13/cobra"
)

const serveLong = `Serve answers requests for predictions over HTTP, as JSON. Raw rows go in, by the
names of columns or in the model's order, as 'clprop predict' takes them:

  curl -d '{"rows": [{"length": 1.5, "width": 0.2}]}' http://127.0.0.1:8080/v1/predict

  {"predictions":[{"label":"setosa","probabilities":{"setosa":0.98,"virginica":0.02}}]}

null is a missing value; of a model of images, a row is an array of its pixels. With
Content-Type application/octet-stream the body is rows of float32, little-endian. Requests
that come at the same time go to the device together. /healthz says whether it
works, /metrics has counters for Prometheus.

It listens on this machine alone unless --addr says otherwise: there is no encryption
and there are no passwords, so put it behind a server that has both, and name with --hosts
what that is asked by. SIGINT (Ctrl-C)
or SIGTERM has it answer what it has taken, and end with exit code 0.`

const serveExample = `  clprop serve iris.safetensors
  clprop serve iris.safetensors --addr 127.0.0.1:9000 --max-wait 0s`

// drainTimeout is how long requests that were taken may still need when it is to stop.
const drainTimeout = 15 * time.Second

// serveFlags are the flags of serve.
type serveFlags struct {
	addr, device string
	hosts        []string
	options      serve.Options
}

func newServeCommand(e *env) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:     "serve MODEL",
		Short:   "Answer requests for predictions over HTTP",
		Long:    serveLong,
		Example: serveExample,
		Args:    oneFile("model"),
	}
	flags, d := cmd.Flags(), serve.DefaultOptions()
	flags.SortFlags = false
	flags.StringVar(&f.addr, "addr", "127.0.0.1:8080", "`HOST:PORT` to listen on; port 0 is any that is free")
	flags.StringSliceVar(&f.hosts, "hosts", nil, "`NAMES` that it is asked by beside those of this machine, with commas between, such as that of a server before it")
	addDeviceFlag(cmd, &f.device)
	flags.DurationVar(&f.options.MaxWait, "max-wait", 5*time.Millisecond, "how long requests wait at most for others to go to the device with")
	flags.IntSliceVar(&f.options.BatchSizes, "batch-sizes", d.BatchSizes, "`SIZES` of what goes to the device at once, with commas between")
	flags.IntVar(&f.options.MaxRows, "max-rows", d.MaxRows, "most rows of a request")
	flags.Int64Var(&f.options.MaxBody, "max-body", d.MaxBody, "most bytes of a request")
	flags.IntVar(&f.options.Queue, "queue", d.Queue, "most requests that wait")
	flags.DurationVar(&f.options.Timeout, "timeout", d.Timeout, "how long a request may take")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := f.check(cmd); err != nil {
			return err
		}
		m, err := loadModel(args[0])
		if err != nil {
			return err
		}
		if m.Preprocess == nil {
			return badFile(fmt.Errorf("%s: the model does not say how raw data becomes its inputs: it was not made by clprop train", args[0]))
		}
		return e.serve(cmd.Context(), m, args[0], &f)
	}
	return cmd
}

// maxBatch bounds a batch, whose matrices are allocated at once.
const maxBatch = 1 << 16

// check refuses numbers that have no meaning.
func (f *serveFlags) check(cmd *cobra.Command) error {
	o := f.options
	for name, value := range map[string]int64{
		"max-rows": int64(o.MaxRows), "max-body": o.MaxBody, "queue": int64(o.Queue), "timeout": int64(o.Timeout), "batch-sizes": int64(len(o.BatchSizes)),
	} {
		if value < 1 {
			return usage(cmd, "--%s %s: need more than 0", name, cmd.Flags().Lookup(name).Value)
		}
	}
	for _, size := range o.BatchSizes {
		if size < 1 || size > maxBatch {
			return usage(cmd, "--batch-sizes: %d: need 1 to %d", size, maxBatch)
		}
	}
	if o.MaxWait < 0 {
		return usage(cmd, "--max-wait is %v: need 0s or more", o.MaxWait)
	}
	return checkAddress(cmd, "addr", f.addr)
}

func (e *env) serve(ctx context.Context, m *trainer.Model, path string, f *serveFlags) (err error) {
	eng, err := e.openFor(ctx, f.device, "predicting", m.Network)
	if err != nil {
		return err
	}
	defer func() { err = first(err, eng.Close()) }()
	s, err := serve.New(m, eng, f.options)
	if err != nil {
		return err
	}
	defer s.Close()
	listener, err := e.listen(ctx, f.addr)
	if err != nil {
		return fmt.Errorf("--addr %s: %w: choose another port, or stop what listens there", f.addr, err)
	}
	e.note("%s, %v, served at http://%s/v1/predict, computed on %s", path, m.Network, listener.Addr(), eng.Info().Name)
	return e.serveOn(ctx, listener, s, guarded(s.Handler(), listener, f.hosts))
}

// serveOn answers until ctx ends, and then what was taken before.
func (e *env) serveOn(ctx context.Context, listener net.Listener, s *serve.Server, handler http.Handler) error {
	server := e.newHTTPServer(handler)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	var failure error
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-s.Failed():
		failure = fmt.Errorf("serving: the device failed: %w", s.Err())
	case <-ctx.Done():
		e.note("stopping: answering what was taken")
	}
	// The context of the command has ended already.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := server.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		err = first(server.Close(), fmt.Errorf("serving: some requests were not answered within %v of stopping", drainTimeout))
	}
	return first(failure, err)
}
