package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clprop/clprop/device"
)

const benchLong = `Bench trains the same network, from the same weights and on the same examples, on
each device and on the CPU reference, and says how fast each is and whether they
agree. The examples are random numbers that lie on the device; a step is what
"clprop train" runs: the batch gathered on the device, forward, loss, deltas,
accumulate, gradient, update. Steps are queued, and only the end of a run waits.

Cold is the time from nothing to the end of the first step: opening the device,
building the kernels, copying weights and examples, one step. What the driver has
in caches of its own it may use. What pays only over many steps, such as a program
with all kernels of a step in it, is done too, as in a long training. Samples/s are
warm: the median of the runs, and the slowest and fastest of them. The runs of several
devices take turns, and each device is compared with the first of them, run by run. GFLOPS count the three matrix products of a step,
b·(6·Σ in·out − 2·in·out of the first layer), and nothing else.

The peaks of a device are measured with kernels that do nothing but multiply-adds
on registers, copying, or nothing; that of multiply-adds before and after each run,
since other machines on a host take from both, and a share of the peak is the median
of what each run reached of the peaks beside it. --kernels shows each kernel of a
step by the device's own clock, in a run of its own that launches them one by one:
the share of the peak that it reaches, by its operations or by its bytes, each operand counted once. Bytes that
come from caches can make that more than 100%. A kernel that is over sooner than
the next one can be launched is limited by that, one below a tenth of both peaks by
latency.

Difference compares the weights after 3 steps with those of the CPU reference: of
the layer where it is largest, the norm of the difference by the norm of what the
steps changed. Where it is above 1%, or where the device's counters do not show
that it did all of the work itself, no ratio is given.

--gemm measures no steps, but the products alone: C m × n of m·n·k multiply-adds, with
the operands transposed as in forward, delta and accumulate. What a device does to
lay operands out for it counts. Short ones may be several in a launch, as short steps
are. It takes what "clprop tune --net K-N-N --batch-size M" has found for a size of
M x N x K.

--network measures no device against another, but what it takes to train on several:
under mpirun the all-reduce of 1 KiB to 64 MiB, by its median, and for each net a step of one
rank alone, the copies of the gradients, the update, and a step of all ranks with a memory each
and, on the CPU of one machine, on one memory. From the first a
model says how long a step takes with other numbers of ranks, and from which batch on they
have half, and 80%, of their number times the speed of one. --batch is of all ranks
together. --assume puts figures in place of measured ones, such as a device's operations a
second, flops, bytes a second of copies to the host, of weights updated and of the network,
and seconds of latency; with all five nothing is measured. docs/scale.md has the formulas.

A device on which one step, or one product, would take longer than 5 times --seconds is skipped.`

const benchExample = `  clprop bench
  clprop bench --devices 0,cpuref --seconds 5
  clprop bench --net 784-128-10,784-2048-2048-10 --batch 32,256 --json
  clprop bench --net 784-2048-2048-10 --batch 256 --kernels
  clprop bench --gemm 1024x1024x1024,128x512x784
  mpirun -n 2 --bind-to none clprop bench --network --net 784-2048-2048-10 --batch 256
  clprop bench -o gobench > new.txt`

// benchFlags is the command line of bench, as given.
type benchFlags struct {
	nets, batches, devices []string
	gemm                   []string
	activation, output     string
	repeat                 int
	seconds                float64
	kernels, json, csv     bool
	network                bool
	assume                 []string
	format                 string
	batchFlag              string // the name of the flag of batches, for messages
}

func newBenchCommand(e *env) *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   "Measure training steps on each device against the CPU reference",
		Long:    benchLong,
		Example: benchExample,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.batchFlag = "--batch"
			if err := f.chooseFormat(); err != nil {
				return usage(cmd, "%w", err)
			}
			cases, err := f.cases()
			if err != nil {
				return usage(cmd, "%w", err)
			}
			if !f.network && len(f.assume) > 0 {
				return usage(cmd, "--assume is for --network: give both")
			}
			if err := f.checkGEMM(cmd); err != nil {
				return err
			}
			if err := f.checkDevices(); err != nil {
				return usage(cmd, "%w", err)
			}
			if f.network {
				return e.benchNetwork(cmd, &f, cases)
			}
			gemms, err := f.gemmSizes()
			if err != nil {
				return usage(cmd, "%w", err)
			}
			b := newBench(e, f.repeat, time.Duration(f.seconds*float64(time.Second)))
			b.kernels = f.kernels
			specs, err := b.devices(f.devices)
			if err != nil {
				return err
			}
			if len(gemms) > 0 {
				return b.reportGEMM(cmd.Context(), gemms, specs, f.format)
			}
			return b.report(cmd.Context(), cases, specs, f.format)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.nets, "net", []string{"784-512-512-10"}, "layer sizes, features first; several with commas between")
	flags.StringSliceVar(&f.batches, "batch", []string{"128"}, "examples a step; several with commas between")
	flags.StringVar(&f.activation, "activation", string(device.Sigmoid), "of the hidden layers: "+strings.Join(activations(), ", "))
	flags.StringVar(&f.output, "output", string(device.Sigmoid), "of the output layer, with its cross-entropy: sigmoid or softmax")
	flags.StringSliceVar(&f.devices, "devices", []string{"all"}, "all, or devices as --device of train takes them, with commas between; + joins several, as 0+1")
	flags.IntVar(&f.repeat, "repeat", 5, "timed runs of each")
	flags.Float64Var(&f.seconds, "seconds", 1, "time for the runs of one net on one device, all together")
	flags.StringSliceVar(&f.gemm, "gemm", nil, "measure the three products of a step by themselves, of these sizes, such as 128x512x784 (m x n x k)")
	flags.BoolVar(&f.kernels, "kernels", false, "show each kernel of a step, and what limits it")
	flags.BoolVar(&f.network, "network", false, "measure sums over ranks, started by mpirun, and a model of a step on more of them")
	flags.StringSliceVar(&f.assume, "assume", nil, "figures for the model of --network in place of measured ones: `NAME=NUMBER`, of flops, copy, update, bandwidth, latency")
	flags.StringVarP(&f.format, "format", "o", "", "table, json, csv, or gobench: lines that benchstat reads (default table)")
	flags.BoolVar(&f.json, "json", false, "the same as --format json")
	flags.BoolVar(&f.csv, "csv", false, "the same as --format csv")
	return cmd
}

// benchCase is one network at one batch size.
type benchCase struct {
	sizes  []int
	batch  int
	hidden device.Activation
	loss   device.Loss
}

// Bounds of what bench takes, so that a slip of the finger does not fill the
// memory of the machine: each is 4 GiB of float32.
const (
	maxBenchParameters = 1 << 30
	maxBenchValues     = 1 << 30
)

// cases checks the flags and returns every net with every batch size.
func (f *benchFlags) cases() ([]benchCase, error) {
	hidden := device.Activation(f.activation)
	if err := hidden.Check(); err != nil {
		return nil, fmt.Errorf("--activation: %w", err)
	}
	if !hidden.Elementwise() {
		return nil, fmt.Errorf("--activation: %s is for the output layer only: choose another, such as sigmoid, tanh or relu", hidden)
	}
	losses := map[string]device.Loss{
		string(device.Sigmoid): device.SigmoidCrossEntropy,
		string(device.Softmax): device.SoftmaxCrossEntropy,
	}
	loss, ok := losses[f.output]
	switch {
	case !ok:
		return nil, fmt.Errorf("--output: unknown output %q: have sigmoid, softmax", f.output)
	case f.repeat < 1 || f.repeat > 10_000:
		return nil, fmt.Errorf("--repeat %d: need 1 to 10000", f.repeat)
	case !(f.seconds > 0 && f.seconds <= 3600): // so written that NaN fails too
		return nil, fmt.Errorf("--seconds %v: need more than 0, up to 3600", f.seconds)
	case len(f.nets) == 0:
		return nil, fmt.Errorf("--net: no net given, such as 784-512-10")
	case len(f.batches) == 0:
		return nil, fmt.Errorf("%s: no batch size given, such as 128", f.batchFlag)
	}
	var cases []benchCase
	for _, net := range f.nets {
		sizes, err := parseSizes(net)
		if err != nil {
			return nil, fmt.Errorf("--net %q: %w", net, err)
		}
		if loss == device.SoftmaxCrossEntropy && sizes[len(sizes)-1] == 1 {
			return nil, fmt.Errorf("--net %q: softmax of one output is always 1: use --output sigmoid or two outputs", net)
		}
		for _, text := range f.batches {
			batch, err := strconv.Atoi(strings.TrimSpace(text))
			if err != nil || batch < 1 {
				return nil, fmt.Errorf("%s %q: need a whole number, at least 1", f.batchFlag, text)
			}
			if batch > maxBenchValues/(benchBatches*slices.Max(sizes)) {
				return nil, fmt.Errorf("%s %d: too large for a layer of %d: at most %d",
					f.batchFlag, batch, slices.Max(sizes), maxBenchValues/(benchBatches*slices.Max(sizes)))
			}
			cases = append(cases, benchCase{sizes: sizes, batch: batch, hidden: hidden, loss: loss})
		}
	}
	return cases, nil
}

// parseSizes reads layer sizes such as 784-512-10.
func parseSizes(text string) ([]int, error) {
	parts := strings.Split(strings.TrimSpace(text), "-")
	if len(parts) < 2 {
		return nil, fmt.Errorf("need at least two sizes, features and outputs, such as 784-512-10")
	}
	var sizes []int
	parameters := int64(0)
	for i, part := range parts {
		size, err := strconv.Atoi(part)
		if err != nil || size < 1 || size > math.MaxInt32/benchBatches {
			return nil, fmt.Errorf("layer %d is %q: need a whole number, at least 1, as in 784-512-10", i+1, part)
		}
		sizes = append(sizes, size)
		if i == 0 {
			continue
		}
		// Both factors are below 2³⁰, and parameters at most 2³⁰: no overflow.
		if parameters += int64(size) * (int64(sizes[i-1]) + 1); parameters > maxBenchParameters {
			return nil, fmt.Errorf("more than %d parameters by layer %d: make a layer smaller", maxBenchParameters, i+1)
		}
	}
	return sizes, nil
}
