package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/spf13/cobra"
)

// checkInit reads the network that --init names, if it names a file. Its hidden
// layers, their normalisation and the activation of a model count where the command line does not say.
// With --resume the weights are in the checkpoint, and the file need not be there.
func (f *trainFlags) checkInit(cmd *cobra.Command) error {
	if slices.Contains(trainer.Inits(), f.init) {
		return nil
	}
	if f.run.snapshot != nil {
		return nil
	}
	if _, err := os.Stat(f.init); err != nil {
		return usage(cmd, "--init is %q: have %s, or a file of weights, and no file is there", f.init, strings.Join(trainer.Inits(), ", "))
	}
	net, err := trainer.LoadWeights(f.init, device.Activation(f.activation), "")
	if err != nil {
		return badFile(fmt.Errorf("--init: %w", err))
	}
	f.initial = net
	var hidden []string
	for _, units := range net.Sizes[1 : len(net.Sizes)-1] {
		hidden = append(hidden, strconv.Itoa(units))
	}
	for name, value := range map[string]string{"hidden": strings.Join(hidden, ","), "activation": string(net.Hidden), "norm": net.Norm.String()} {
		if cmd.Flags().Changed(name) {
			continue
		}
		// Set, so that a run goes on with it.
		if err := cmd.Flags().Set(name, value); err != nil {
			return err
		}
	}
	if path, err := filepath.Abs(f.init); err == nil {
		f.init = path
	}
	return nil
}

// initNetwork makes the network, with the weights that --init says.
func (f *trainFlags) initNetwork(cmd *cobra.Command, sizes []int, loss device.Loss) (*trainer.Network, error) {
	first := trainer.Init(f.init)
	if !slices.Contains(trainer.Inits(), f.init) {
		first = trainer.InitAuto // other weights take their place
	}
	net, err := trainer.NewNetwork(trainer.NetworkConfig{
		Sizes: sizes, Hidden: device.Activation(f.activation), Loss: loss, Norm: normOf(f.norm), Init: first, Seed: f.seed,
	})
	if err != nil {
		return nil, usage(cmd, "%w", err)
	}
	if f.initial == nil {
		return net, nil
	}
	if !slices.Equal(f.initial.Sizes, sizes) {
		return nil, badFile(fmt.Errorf("--init %s: its network is %v, and data and --hidden make it %v: leave out --hidden, and use data of as many inputs and outputs",
			f.init, f.initial, net))
	}
	if f.initial.Norm != net.Norm {
		return nil, badFile(fmt.Errorf("--init %s: its network has norm %v, and --norm is %v: leave out --norm", f.init, f.initial.Norm, net.Norm))
	}
	net.Layers, net.Norms = f.initial.Layers, f.initial.Norms
	return net, nil
}

// normOf is what a name of trainer.Norms stands for.
func normOf(name string) trainer.Norm {
	if name == trainer.NormNone.String() {
		return trainer.NormNone
	}
	return trainer.Norm(name)
}
