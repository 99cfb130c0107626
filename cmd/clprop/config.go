package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/durable"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const configLong = `Config writes and shows files of flags, which 'clprop train --config FILE' takes: YAML,
a line NAME: VALUE for each flag. The command line goes before the environment
(--batch-size is CLPROP_BATCH_SIZE), which goes before the file.

'config init' writes a file with every flag of train, commented out, with its
default. 'config show' takes the flags of train and prints what train would use;
with --origin also where each value is from.`

const configExample = `  clprop config init > digits.yaml
  clprop config show`

const configShowExample = `  clprop config show --config digits.yaml --epochs 5 --origin`

func newConfigCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Write and show files of flags",
		Long:    configLong,
		Example: configExample,
		Args:    knownSubcommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigInitCommand(e), newConfigShowCommand(e))
	return cmd
}

func knownSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage(cmd, "unknown command %q: have init, show", args[0])
}

func newConfigInitCommand(e *env) *cobra.Command {
	var out string
	cmd := &cobra.Command{Use: "init", Short: "Write a file with every flag of train", Long: configLong, Example: configExample, Args: noArguments}
	cmd.Flags().StringVar(&out, "out", "-", "`FILE` to write, which must not be there yet; - is standard output")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		text := configTemplate()
		if out == "-" {
			return e.print(text)
		}
		if _, err := os.Lstat(out); !errors.Is(err, fs.ErrNotExist) {
			return usage(cmd, "--out %s is there already: name another file", out)
		}
		return durable.WriteFile(out, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
	}
	return cmd
}

// configTemplate has every flag of train as a comment, below what it is for.
func configTemplate() string {
	var b strings.Builder
	b.WriteString("# Flags of clprop train. Take the # away from what you want to set.\n")
	train := newTrainCommand(&env{})
	train.Flags().VisitAll(func(f *pflag.Flag) {
		if configurable(f) {
			_, text := pflag.UnquoteUsage(f)
			fmt.Fprintf(&b, "\n# %s\n# %s: %s\n", oneLine(text), f.Name, quoted(f.DefValue))
		}
	})
	return b.String()
}

func newConfigShowCommand(e *env) *cobra.Command {
	var f trainFlags
	var origin bool
	cmd := &cobra.Command{Use: "show", Short: "Show what train would use", Long: configLong, Example: configShowExample, Args: noArguments}
	f.add(cmd)
	cmd.Flags().BoolVar(&origin, "origin", false, "show where each value is from")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		defer f.run.end()
		from, err := f.settle(cmd, nil)
		if err != nil {
			return err
		}
		if _, err := f.check(cmd); err != nil {
			return err
		}
		return e.print(shown(cmd, from, origin))
	}
	return cmd
}

// shown is a line for each flag, a comment where it has its default: a file that train takes.
func shown(cmd *cobra.Command, from origins, origin bool) string {
	var b strings.Builder
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !configurable(f) || slices.Contains([]string{"run", "quiet", "json", "progress"}, f.Name) {
			return
		}
		value, source := f.Value.String(), ""
		if f.Name == "device" && !f.Changed {
			value = os.Getenv(device.EnvDevice)
		}
		if origin {
			if source = from[f.Name]; source == "" {
				source = "default"
			}
		}
		unset := ""
		if !f.Changed && from[f.Name] == "" {
			unset = "# " // as a file, it must not count as given
		}
		fmt.Fprintf(&b, "%s%s: %s%s\n", unset, f.Name, quoted(value), comment(source))
	})
	return b.String()
}
