package main

import (
	"fmt"
	"strings"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagValues are the values of flags that have a few: what a shell offers after the flag.
// A flag that means something else in one command is named with the command first.
func flagValues() map[string][]string {
	var losses, formats []string
	for _, l := range cpuref.Losses() {
		losses = append(losses, string(l))
	}
	for _, f := range data.Formats {
		formats = append(formats, string(f))
	}
	return map[string][]string{
		"activation":     activations(),
		"class-weights":  {"none", "balanced"},
		"format":         formats,
		"bench format":   {"table", "json", "csv", "gobench"},
		"header":         {"auto", "yes", "no"},
		"loss":           losses,
		"lr-schedule":    trainer.Schedules(),
		"map":            {"auto", "always", "never"},
		"missing":        {"error", data.Mean, data.Median},
		"monitor":        trainer.Monitors(),
		"mpi":            {"auto", "yes", "no"},
		"compress":       {"none", "fp16"},
		"rank-memory":    rankMemories,
		"on-divergence":  {"stop", "reload"},
		"on-device-loss": {"stop", "continue"},
		"optimizer":      optimizers(),
		"parallel":       parallels,
		"output":         {"softmax", "sigmoid"},
		"progress":       {"auto", "bar", "plain", "none"},
		"score":          {"auto", "val_accuracy", "val_loss"},
		"resident":       {"auto", "yes", "no"},
		"precision":      trainer.Precisions(),
		"scale":          {"standard", "minmax", "none"},
		"scale-targets":  {"standard", "minmax", "none"},
		"task":           {"auto", "classification", "multilabel", "regression"},
		"unseen":         {"error", data.Zero},
		"what":           pictures,
	}
}

// completeValues teaches the shells the values of flags, those of --device from the machine,
// and that runs are folders.
func completeValues(root *cobra.Command) error {
	values := flagValues()
	for _, cmd := range root.Commands() {
		if err := completeValues(cmd); err != nil {
			return err
		}
		var failed error
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			list, ok := values[cmd.Name()+" "+f.Name]
			if !ok {
				list, ok = values[f.Name]
			}
			complete := cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
			switch {
			case f.Name == "device":
				complete = completeDevice
			case f.Name == "run" || f.Name == "resume":
				complete = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
			case !ok:
				return
			}
			failed = first(failed, cmd.RegisterFlagCompletionFunc(f.Name, complete))
		})
		if failed != nil {
			return failed
		}
		if strings.Contains(cmd.Use, " RUN") {
			cmd.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
		}
	}
	return nil
}

// completeDevice offers the devices of this machine by index, with their names.
func completeDevice(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	list := []cobra.Completion{
		cobra.CompletionWithDesc("auto", "the best device that works"),
		cobra.CompletionWithDesc("cpuref", "the CPU reference"),
		cobra.CompletionWithDesc("gpu", "the best GPU"),
		cobra.CompletionWithDesc("cpu", "the best CPU"),
	}
	listing, err := device.List()
	if err != nil {
		return list, cobra.ShellCompDirectiveNoFileComp
	}
	for _, d := range listing.Devices {
		list = append(list, cobra.CompletionWithDesc(fmt.Sprint(d.Index), oneLine(d.Name)))
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}
