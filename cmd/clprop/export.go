package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/spf13/cobra"
)

const exportLong = `Export writes the network of a model for other programs.

  safetensors   the weights, named 0.weight, 0.bias, 2.weight, … as PyTorch names
                those of nn.Sequential(Linear, g, Linear, …). In Python:
                net.load_state_dict(safetensors.torch.load_file(FILE))`

const exportExample = `  clprop export clprop-model.safetensors --to safetensors -o weights.safetensors`

func newExportCommand(e *env) *cobra.Command {
	var to, out string
	cmd := &cobra.Command{
		Use:     "export MODEL",
		Short:   "Write a model for other programs",
		Long:    exportLong,
		Example: exportExample,
		Args:    oneFile("model"),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&to, "to", "safetensors", "`FORMAT`: safetensors")
	flags.StringVarP(&out, "out", "o", "", "`FILE` to write")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := oneOf(cmd, "to", to, []string{"safetensors"}); err != nil {
			return err
		}
		if err := checkConverted(cmd, args[0], out); err != nil {
			return err
		}
		m, err := loadModel(args[0])
		if err != nil {
			return err
		}
		if err := m.Network.SaveWeights(out); err != nil {
			return err
		}
		e.note("%v, %s, written to %s", m.Network, m.Network.Hidden, out)
		return nil
	}
	return cmd
}

const importLong = `Import makes a model of a network that another program made, for 'clprop predict'
and 'clprop evaluate'.

  safetensors   a state_dict of PyTorch: NAME.weight and NAME.bias of each Linear,
                in the order of their names. It says neither activation nor loss.

The model takes inputs x0, x1, … as they are: scale them as they were scaled in
training. To train further, give the file to 'clprop train --init'.`

const importExample = `  clprop import weights.safetensors --activation tanh --names cat,dog -o pets.safetensors
  clprop import house.safetensors --loss mse --names price -o house-model.safetensors`

func newImportCommand(e *env) *cobra.Command {
	var activation, loss, names, out string
	cmd := &cobra.Command{
		Use:     "import FILE",
		Short:   "Make a model of a network from another program",
		Long:    importLong,
		Example: importExample,
		Args:    oneFile("file"),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&out, "out", "o", "", "`FILE` of the model to write")
	flags.StringVar(&activation, "activation", "relu", "of the hidden units: "+strings.Join(activations(), ", "))
	flags.StringVar(&loss, "loss", "", "what it was trained on: "+lossNames()+", or huber:δ (default softmax-cross-entropy, of one output sigmoid-cross-entropy)")
	flags.StringVar(&names, "names", "", "`NAMES` of the classes or quantities, with commas between (default 0,1,… or y0,y1,…)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := oneOf(cmd, "activation", activation, activations()); err != nil {
			return err
		}
		if loss != "" {
			if err := device.Loss(loss).Check(); err != nil {
				return usage(cmd, "--loss: %w", err)
			}
		}
		if err := checkConverted(cmd, args[0], out); err != nil {
			return err
		}
		if _, err := trainer.LoadModel(args[0]); err == nil {
			return badFile(fmt.Errorf("%s is a model already: use it as it is", args[0]))
		}
		net, err := trainer.LoadWeights(args[0], device.Activation(activation), device.Loss(loss))
		if err != nil {
			return badFile(err)
		}
		var list []string
		if names != "" {
			list = strings.Split(names, ",")
		}
		m, err := net.Passthrough(list)
		if err != nil {
			return badFile(fmt.Errorf("%s: %w", args[0], err))
		}
		m.Meta.CreatedBy = "clprop " + currentVersion().Version
		if err := m.Save(out); err != nil {
			return err
		}
		e.note("%v, %s, %s, written to %s", net, net.Hidden, outputText(net.Loss), out)
		return nil
	}
	return cmd
}

// checkConverted refuses to write where nothing is named, or over what is read.
func checkConverted(cmd *cobra.Command, in, out string) error {
	switch {
	case out == "":
		return usage(cmd, "no file to write: name it with -o")
	case sameFile(in, out):
		return usage(cmd, "-o %s would replace what is read: name another file", out)
	}
	return checkWritable("out", out)
}

// oneFile wants one argument.
func oneFile(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 || slices.Contains(args, "") {
			return usage(cmd, "need one %s, have %d: %s", what, len(args), cmd.UseLine())
		}
		return nil
	}
}
