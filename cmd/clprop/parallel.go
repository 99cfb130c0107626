package main

import (
	"context"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/spf13/cobra"
)

// parallels are the ways in which several devices share the work.
var parallels = []string{"auto", device.ParallelData, device.ParallelTensor}

// arrange has several devices share the work as --parallel says: auto splits batches, or, where
// devices have no room for all of the network each, its layers.
func (e *env) arrange(cmd *cobra.Command, t *training) error {
	f, info := t.flags, t.eng.Info()
	asked := f.parallel == device.ParallelTensor
	switch {
	case len(info.Members) == 0 && (asked || f.parallel == device.ParallelData):
		return usage(cmd, "--parallel %s is for several devices: --device names one", f.parallel)
	case asked && f.shares != "":
		return usage(cmd, "--shares is how batches are split, and --parallel tensor splits layers: leave one of them out")
	case asked && f.config.OnDeviceLoss == trainer.DeviceLossContinue:
		return usage(cmd, "--on-device-loss continue needs all of the network on each device, and --parallel tensor splits it: leave one of them out")
	case len(info.Members) == 0 || f.parallel == device.ParallelData || !asked && f.shares != "":
		return nil
	case !asked:
		fits, err := trainer.Fits(t.net, e.joined.ranked(t.eng), t.examples.train, t.examples.validation, t.tried())
		if err != nil || fits {
			return err
		}
	}
	eng, err := device.ByColumns(t.eng)
	if err != nil {
		return err
	}
	if t.eng = eng; !asked && f.config.OnDeviceLoss == trainer.DeviceLossContinue {
		e.note("warning: training will end if a device is lost: each has a part of the network")
	}
	return nil
}

// tried is the configuration before sizes are settled.
func (t *training) tried() trainer.Config {
	try := t.flags.config
	try.Resume = t.flags.run.snapshot
	if try.Epochs == trainer.AutoSize {
		try.Epochs = leastEpochs // any number: no size goes by it
	}
	return try
}

// stepTraffic is how many bytes a step moves between devices that layers are split over.
func (t *training) stepTraffic() int64 {
	info, c := t.eng.Info(), t.flags.config
	if info.Parallel != device.ParallelTensor {
		return 0
	}
	normed := t.net.Norm != trainer.NormNone
	return device.StepTraffic{
		Workload: device.Workload{Sizes: t.net.Sizes, Batch: min(c.BatchSize, t.examples.train.Rows) / t.joined.count()},
		Devices:  len(info.Members),
		Whole:    normed || c.Regularizers.Dropout > 0,
		Twice:    t.net.Hidden.NeedsZ() && !normed && !info.Alike(),
	}.Bytes()
}

// describeColumns says that layers are split, why, and what that costs.
func (e *env) describeColumns(t *training) {
	if t.eng.Info().Parallel != device.ParallelTensor || t.flags.quiet {
		return
	}
	why := "since the network does not fit each"
	if t.flags.parallel == device.ParallelTensor {
		why = "as asked"
	}
	e.note("layers  split by columns over %d devices, %s: a step of %d examples moves %s through the host",
		len(t.eng.Info().Members), why, min(t.flags.config.BatchSize, t.examples.train.Rows), device.FormatBytes(t.stepTraffic()))
}

// openFor opens the device that spec names for what does not train; a network that is too
// large for each of several is split over them.
func (e *env) openFor(ctx context.Context, spec, doing string, net *trainer.Network) (device.Engine, error) {
	eng, err := e.openDevice(ctx, spec, doing)
	if err != nil || eng.Info().Parallel != device.ParallelData {
		return eng, err
	}
	holds, err := trainer.Holds(net, eng)
	split := eng
	if err == nil && !holds {
		split, err = device.ByColumns(eng)
	}
	if err != nil {
		return nil, first(err, eng.Close())
	}
	return split, nil
}
