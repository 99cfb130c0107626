package main

import (
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
	"github.com/spf13/cobra"
)

// addStream adds the flags about data that is larger than memory, and about the order that
// examples come in.
func (f *trainFlags) addStream(cmd *cobra.Command) {
	flags := cmd.Flags()
	addMapFlag(cmd, &f.data)
	flags.BoolVar(&f.data.streamed, "stream", false, "read a CSV or Parquet file anew in each epoch, and hold but a few of its rows in memory")
	flags.IntVar(&f.config.ShuffleBuffer, "shuffle-buffer", 0, "draw the next example from the next `N` of the data, at random; 1 for the order of the file (default: all, with --stream 10000)")
}

func addMapFlag(cmd *cobra.Command, f *dataFlags) {
	cmd.Flags().StringVar(&f.mapped, "map", "auto", "leave inputs in their file of images (IDX) or numbers (NPY, f32, f64), and read those of a batch when it comes: always, never, or auto, where they would take a GiB of memory")
}

// checkMap refuses a value that --map does not have.
func (f *dataFlags) checkMap(cmd *cobra.Command) error {
	return oneOf(cmd, "map", f.mapped, []string{"auto", "always", "never"})
}

// checkStream refuses what needs all examples at once.
func (f *trainFlags) checkStream(cmd *cobra.Command) error {
	c := &f.config
	if c.ShuffleBuffer < 0 || c.ShuffleBuffer == 0 && cmd.Flags().Changed("shuffle-buffer") {
		return usage(cmd, "--shuffle-buffer is %d: need at least 1", c.ShuffleBuffer)
	}
	if !f.data.streamed {
		return nil
	}
	switch source := f.data.source(); {
	case source == "":
		return usage(cmd, "--stream is for a file: name it with --data")
	case source == "-":
		return usage(cmd, "--stream reads the data in every epoch, and standard input can be read once: write it to a file")
	case f.data.learn.testSplit > 0:
		return usage(cmd, "--test-split and --stream are both given: what is said of test examples takes memory for each; name a file of them with --test-data")
	case f.data.learn.missing == data.Median:
		return usage(cmd, "--missing median and --stream are both given: a median needs all values at once; take mean, or a number")
	case f.resident == string(trainer.ResidentYes):
		return usage(cmd, "--resident yes and --stream are both given: what is streamed is nowhere as a whole; leave one out")
	case c.Optimizer.WholeSet():
		return usage(cmd, "--optimizer %s goes over all examples many times an epoch, and --stream reads them from the file each time: leave one out", c.Optimizer.Name)
	}
	return nil
}
