package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
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
	return usage(cmd, "%w", err)
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
	if cmd.Flags().Lookup("data") != nil {
		return usage(cmd, "unexpected argument %q: did you mean --data %s?", args[0], args[0])
	}
	return usage(cmd, "unexpected argument %q", args[0])
}
