package main

import (
	"fmt"
	"strings"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/spf13/cobra"
)

// defaultModel is where train puts a model and where the others look for one.
const defaultModel = "clprop-model.safetensors"

// trainFlags are the flags of train.
type trainFlags struct {
	data     dataFlags
	testData string
	valSplit float64

	hidden     string
	activation string
	norm       string
	loss       lossFlags
	init       string
	initial    *trainer.Network // what --init names, if it is a file
	seed       uint64

	config    trainer.Config
	resident  string
	precision string
	// onDivergence is of trainer.Config too.
	onDivergence string

	configFile string

	augment augmentFlags

	run  runFlags
	stop stopFlags

	mpi        string
	rankMemory string
	compress   string
	device     string
	shares     string
	parallel   string
	// onDeviceLoss is of trainer.Config too.
	onDeviceLoss string
	out          string
	profile      string
	// tensorboard is a folder for event files.
	tensorboard string
	serve       string // address of the live page, serveAuto or ""
	progress    string
	quiet       bool
	json        bool
}

// settle sets the flags that the command line does not: those of the run that --resume
// goes on with, or else from the environment and the file of --config.
func (f *trainFlags) settle(cmd *cobra.Command, j *joined) (origins, error) {
	if f.run.resume == "" && !cmd.Flags().Changed("resume") {
		return configure(cmd, f.configFile)
	}
	if cmd.Flags().Changed("config") {
		return nil, usage(cmd, "--config and --resume are both given: a run goes on with the flags it has")
	}
	return nil, f.run.restore(cmd, j)
}

// addStep adds the flags about the data, the network and what a step is.
func (f *trainFlags) addStep(cmd *cobra.Command) {
	f.data.add(cmd)
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Float64Var(&f.valSplit, "val-split", 0.1, "`SHARE` of the training examples held back for validation; 0 for none")
	f.data.learn.add(cmd)
	flags.StringVar(&f.hidden, "hidden", "128", "`UNITS` of the hidden layers, such as 128,64; empty for none")
	flags.StringVar(&f.activation, "activation", "relu", "of the hidden units: "+strings.Join(activations(), ", "))
	flags.StringVar(&f.norm, "norm", "none", "normalise the hidden units before their activation: "+strings.Join(trainer.Norms(), ", "))
	f.loss.add(flags, &f.config, &f.data.learn.weights)
	flags.StringVar(&f.init, "init", "auto", "first weights: "+strings.Join(trainer.Inits(), ", ")+", or a `FILE` of them: a model, or a state_dict of PyTorch as safetensors")
	flags.Uint64Var(&f.seed, "seed", 1, "of the weights, the order of the examples and the validation split")
	f.config.BatchSize = 32
	flags.Var(&sizeFlag{&f.config.BatchSize, 1, "examples"}, "batch-size", "examples of one step: `N`, or auto for the largest power of two that the device has room for")
	flags.Var(&sizeFlag{&f.config.MicroBatch, 0, "examples"}, "micro-batch", "most examples on the device at a time: `N`, 0 for the whole batch, or auto; larger batches run in parts, with the same result")
	addOptimizer(flags, &f.config.Optimizer)
	flags.Float64Var(&f.config.Lambda, "l2", 0, "λ of the penalty on large weights")
	addRegularizers(flags, &f.config.Regularizers)
	f.augment.add(flags, &f.config.Augment)
	flags.StringVar(&f.precision, "precision", string(trainer.FP32), "of the numbers of a batch in training: "+strings.Join(trainer.Precisions(), ", or ")+", which takes half of the memory")
	flags.StringVar(&f.resident, "resident", "auto", "keep the examples in device memory: auto, yes or no")
	f.addStream(cmd)
	addDeviceFlag(cmd, &f.device)
}

func (f *trainFlags) add(cmd *cobra.Command) {
	f.addStep(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.configFile, "config", "", "YAML `FILE` of flags, such as 'clprop config init' writes; what the command line or the environment says goes before it")
	flags.StringVar(&f.testData, "test-data", "", "`PATH` of examples to test on, as --data takes them (default: what comes with the data)")
	f.config.Epochs = trainer.AutoSize
	flags.Var(&sizeFlag{&f.config.Epochs, 1, "epochs"}, "epochs", fmt.Sprintf("times to go through the training examples: `N`, or auto for %d, more on a small set, until there are %d steps, and %d iterations of lbfgs and cg", leastEpochs, leastSteps, wholeSetEpochs))
	flags.Float64Var(&f.config.Rate, "lr", 0.1, "learning rate; if not given, 0.01 for quantities and with momentum, nesterov, rmsprop, adagrad, 0.001 with adam, adamw, 0.0001 with lion")
	addSchedule(flags, &f.config.Schedule)
	f.stop.add(flags, &f.config.Stop)
	flags.StringVar(&f.onDivergence, "on-divergence", "stop", "when the loss or a weight is not finite: stop, or reload the epoch before and halve the rate, at most 3 times")
	flags.IntVar(&f.config.VerifyEvery, "verify-every", 0, "compare every `N`th step with the reference in float64, and stop where they disagree; 0 for never")
	flags.StringVar(&f.shares, "shares", "", "how several devices split a batch: `N,N…`, a number for each (default: by measured speed, evenly if they are alike)")
	flags.StringVar(&f.parallel, "parallel", "auto", "how several devices share the work: data, each has the network and a share of every batch, tensor, each has columns of every layer, or auto: tensor where the network does not fit each")
	flags.StringVar(&f.onDeviceLoss, "on-device-loss", "stop", "when one of several devices is lost: stop, or continue without it from the last step")
	f.run.add(cmd)
	flags.StringVar(&f.mpi, "mpi", "auto", "train as one of the ranks that mpirun, mpiexec or srun started: auto, yes or no")
	flags.StringVar(&f.rankMemory, "rank-memory", rankMemoryAuto, "memory of ranks on one machine: auto, one for all where they train on its CPU, or own, one each, with sums over ranks")
	flags.StringVar(&f.compress, "compress", "none", "how the sums over ranks travel: none, or fp16 for half of the traffic and 11 bits")
	flags.StringVar(&f.out, "out", defaultModel, "`FILE` that the model is saved to")
	flags.StringVar(&f.profile, "profile", "", "print the time by kernel, and write a Chrome trace of the first kernels to `FILE`; slows small networks down")
	flags.StringVar(&f.tensorboard, "tensorboard", "", "write what each epoch came to as event files to `FOLDER`, for TensorBoard")
	flags.StringVar(&f.serve, "serve", "", "show the training on a page for a browser, at "+liveAddress+" or, as --serve=`HOST:PORT`, elsewhere")
	flags.Lookup("serve").NoOptDefVal = serveAuto
	flags.StringVar(&f.progress, "progress", "auto", "auto, bar, plain or none; auto is a bar on a terminal and plain elsewhere")
	flags.BoolVar(&f.quiet, "quiet", false, "print warnings and errors only, and the result of --json")
	flags.BoolVar(&f.json, "json", false, "print the result as a JSON object")
}

func addDeviceFlag(cmd *cobra.Command, spec *string) {
	cmd.Flags().StringVar(spec, "device", "", "auto, gpu, cpu, cpuref, an index or PLATFORM:DEVICE of 'clprop devices', or part of a name; several as 0,1 or all, parts as cpu/1x2 (default $"+
		device.EnvDevice+", or else auto)")
}
