package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const rootLong = `clprop trains fully connected neural networks on any OpenCL device, and on the
CPU where there is none.

Results go to standard output, everything else to standard error. Exit codes:
0 done, 1 failure, 2 usage, 3 no such device, 4 bad data or model file,
5 training diverged, 6 out of memory, 129, 130 or 143 stopped by
SIGHUP, SIGINT or SIGTERM, 141 nobody reads the output.`

const rootExample = `  clprop train                                  # the digits that come with clprop
  clprop train --data iris.csv --label species  # a table
  clprop evaluate                               # how good is the model just trained?
  clprop predict --data new.csv --out answers.csv
  clprop devices`

func newRootCommand(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:                        "clprop",
		Short:                      "Train neural networks on OpenCL devices",
		Long:                       rootLong,
		Example:                    rootExample,
		SuggestionsMinimumDistance: 2,
		SilenceUsage:               true,
		SilenceErrors:              true,
		Args:                       knownCommand,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelpCommand())
	root.AddCommand(
		newTrainCommand(e),
		newConfigCommand(e),
		newSearchCommand(e),
		newLRFindCommand(e),
		newEvaluateCommand(e),
		newPredictCommand(e),
		newServeCommand(e),
		newExportCommand(e),
		newImportCommand(e),
		newInspectCommand(e),
		newReportCommand(e),
		newPlotCommand(e),
		newCompareCommand(e),
		newDevicesCommand(e),
		newDoctorCommand(e),
		newBenchCommand(e),
		newTuneCommand(e),
		newDocsCommand(e),
		newVersionCommand(e),
	)
	if err := completeValues(root); err != nil {
		e.note("warning: completion of values: %v", err) // a flag has two: TestCompletion
	}
	return root
}

// usage returns the error of a command line that cmd cannot take.
func usage(cmd *cobra.Command, format string, args ...any) error {
	return &usageError{cmd.CommandPath(), fmt.Errorf(format, args...)}
}

// flagError is about a flag that there is not, or that cannot have its value. Of
// a number it leaves out which function could not read it.
func flagError(cmd *cobra.Command, err error) error {
	var number *strconv.NumError
	if text, _, ok := strings.Cut(err.Error(), ": strconv."); ok && errors.As(err, &number) {
		return usage(cmd, "%s: %w", text, number.Err)
	}
	if words := cmd.Flags().Args(); !cmd.HasParent() && len(words) > 0 { // of no command
		return knownCommand(cmd, words)
	}
	if name, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		return usage(cmd, "%w%s", err, meant(cmd, name))
	}
	return usage(cmd, "%w", err)
}

// elsewhere are flags by what Keras, scikit-learn and others call them.
var elsewhere = map[string]string{
	"learning-rate": "lr", "learning-rate-init": "lr", "layers": "hidden", "hidden-layers": "hidden", "hidden-layer-sizes": "hidden", "units": "hidden",
	"validation-split": "val-split", "validation-data": "val-data", "validation-fraction": "val-split", "test-size": "test-split",
	"label-column": "label", "target-column": "label", "y": "label", "input": "data", "file": "data", "csv": "data", "dataset": "data",
	"output": "out", "save": "out", "solver": "optimizer", "max-iter": "epochs", "iterations": "epochs", "alpha": "l2", "random-state": "seed",
	"gpu": "device", "patience": "early-stop", "early-stopping": "early-stop", "format": "to", "sep": "separator", "delimiter": "separator", "port": "addr", "host": "addr",
}

// meant says which flag is likely meant by a name that is none.
func meant(cmd *cobra.Command, name string) string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	near := elsewhere[strings.ReplaceAll(name, "_", "-")]
	if !slices.Contains(names, near) {
		near = nearest(name, names)
	}
	switch {
	case near != "":
		return ": did you mean --" + near + "?"
	case name == "model" && strings.Contains(cmd.Use, "MODEL"):
		return ": name the model without a flag"
	case name == "version":
		return ": did you mean clprop version?"
	}
	return ""
}

// newHelpCommand replaces cobra's, which takes a command that there is not for a
// success.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		Long:  "Help prints the help of a command, as --help does.",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return knownCommand(cmd.Root(), args)
			}
			return found.Help()
		},
	}
}

// knownCommand refuses what is left for the root command: the names of commands
// that there are not.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		return usage(cmd, "unknown command %q: did you mean %s?", args[0], strings.Join(similar, " or "))
	}
	return usage(cmd, "unknown command %q", args[0])
}

// noArguments refuses arguments that no flag stands before.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.Flags().Lookup("data") != nil && cmd.Flags().Lookup("model") != nil && len(args) == 2 {
		return usage(cmd, "unexpected arguments: did you mean --model %s --data %s?", args[0], args[1])
	}
	if cmd.Flags().Lookup("data") != nil {
		return usage(cmd, "unexpected argument %q: did you mean --data %s?", args[0], args[0])
	}
	return usage(cmd, "unexpected argument %q", args[0])
}
