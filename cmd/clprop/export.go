package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/durable"
	"github.com/clprop/clprop/trainer/onnx"
	"github.com/spf13/cobra"
)

const exportLong = `Export writes the network of a model for other programs.

  safetensors   the weights, named 0.weight, 0.bias, 2.weight, … as PyTorch names
                those of nn.Sequential(Linear, g, Linear, …), or with --norm of
                Sequential(Linear, BatchNorm1d or LayerNorm, g, Linear, …). In Python:
                net.load_state_dict(safetensors.torch.load_file(FILE))
  onnx          a graph (operator set 17) of float32, for batches of any size: inputs
                scaled as in training, or raw with --preprocess, to probabilities.
                In Python: onnxruntime.InferenceSession(FILE).run(None, {"input": x})`

const exportExample = `  clprop export clprop-model.safetensors --to safetensors -o weights.safetensors
  clprop export clprop-model.safetensors --to onnx --preprocess -o model.onnx`

// exportFlags are the flags of export.
type exportFlags struct {
	to, out string
	graph   onnx.Options
}

func newExportCommand(e *env) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:     "export MODEL",
		Short:   "Write a model for other programs",
		Long:    exportLong,
		Example: exportExample,
		Args:    oneFile("model"),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.to, "to", "safetensors", "`FORMAT`: safetensors, onnx")
	flags.StringVarP(&f.out, "out", "o", "", "`FILE` to write")
	flags.BoolVar(&f.graph.Preprocess, "preprocess", false, "of onnx: take numbers or pixels as they are in raw data, and give quantities in its units")
	flags.BoolVar(&f.graph.Logits, "logits", false, "of onnx: leave out the softmax or sigmoid of the outputs")
	flags.StringVar(&f.graph.Input, "input-name", "input", "of onnx: `NAME` of the input")
	flags.StringVar(&f.graph.Output, "output-name", "output", "of onnx: `NAME` of the output")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := f.check(cmd, args[0]); err != nil {
			return err
		}
		m, err := loadModel(args[0])
		if err != nil {
			return err
		}
		return e.export(m, &f)
	}
	return cmd
}

// check refuses flags that have no meaning for the file at path.
func (f *exportFlags) check(cmd *cobra.Command, path string) error {
	if err := oneOf(cmd, "to", f.to, []string{"safetensors", "onnx"}); err != nil {
		return err
	}
	for _, name := range []string{"preprocess", "logits", "input-name", "output-name"} {
		if f.to != "onnx" && cmd.Flags().Changed(name) {
			return usage(cmd, "--%s is for --to onnx", name)
		}
	}
	return checkConverted(cmd, path, f.out)
}

func (e *env) export(m *trainer.Model, f *exportFlags) error {
	if f.to == "safetensors" {
		if err := m.Network.SaveWeights(f.out); err != nil {
			return err
		}
		e.note("%v, %s, written to %s", m.Network, hiddenText(m.Network), f.out)
		return nil
	}
	f.graph.Version = currentVersion().Version
	if err := durable.WriteFile(f.out, func(w io.Writer) error { return onnx.Write(w, m, f.graph) }); err != nil {
		return err
	}
	gives := outputText(m.Network.Loss)
	if f.graph.Logits {
		gives = "logits"
	}
	e.note("%v, %s, %s, written to %s", m.Network, hiddenText(m.Network), gives, f.out)
	return nil
}

const importLong = `Import makes a model of a network that another program made, for 'clprop predict'
and 'clprop evaluate'.

  safetensors   a state_dict of PyTorch: NAME.weight and NAME.bias of each Linear,
                in the order of their names, and maybe of a BatchNorm1d or LayerNorm
                after each but the last. It says neither activation nor loss.
  onnx          a graph as torch.onnx.export writes it of nn.Sequential(Linear, g,
                Linear, …), or 'clprop export'. It says how inputs are scaled, if they
                are, and the activation; and the loss, if it ends in softmax or
                sigmoid: else the outputs are taken for logits of classes.

The model takes inputs x0, x1, … as they are, unless a graph has names for them or
scales them: scale them as they were scaled in training. To train further, give the
file to 'clprop train --init', that of a graph when it is a model.`

const importExample = `  clprop import weights.safetensors --activation tanh --names cat,dog -o pets.safetensors
  clprop import house.onnx --loss mse --names price -o house-model.safetensors`

// importFlags are the flags of import.
type importFlags struct{ activation, loss, names, out string }

func newImportCommand(e *env) *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:     "import FILE",
		Short:   "Make a model of a network from another program",
		Long:    importLong,
		Example: importExample,
		Args:    oneFile("file"),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.out, "out", "o", "", "`FILE` of the model to write")
	flags.StringVar(&f.activation, "activation", "relu", "of the hidden units of a state_dict: "+strings.Join(activations(), ", "))
	flags.StringVar(&f.loss, "loss", "", "what it was trained on: "+lossNames()+", or huber:δ (default: what a graph says, or softmax-cross-entropy, of one output sigmoid-cross-entropy)")
	flags.StringVar(&f.names, "names", "", "`NAMES` of the classes or quantities, with commas between (default: what a graph says, or 0,1,… or y0,y1,…)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		path := args[0]
		if err := f.check(cmd, path); err != nil {
			return err
		}
		if _, err := trainer.LoadModel(path); err == nil {
			return badFile(fmt.Errorf("%s is a model already: use it as it is", path))
		}
		m, err := f.read(path)
		if err != nil {
			return badFile(err)
		}
		m.Meta.CreatedBy = "clprop " + currentVersion().Version
		if err := m.Save(f.out); err != nil {
			return err
		}
		e.note("%v, %s, %s, written to %s", m.Network, hiddenText(m.Network), outputText(m.Network.Loss), f.out)
		return nil
	}
	return cmd
}

// check refuses flags that have no meaning for the file at path.
func (f *importFlags) check(cmd *cobra.Command, path string) error {
	if err := oneOf(cmd, "activation", f.activation, activations()); err != nil {
		return err
	}
	if cmd.Flags().Changed("activation") && isGraph(path) {
		return usage(cmd, "--activation is for a state_dict: %s is a graph, which says what it is", path)
	}
	if f.loss != "" {
		if err := device.Loss(f.loss).Check(); err != nil {
			return usage(cmd, "--loss: %w", err)
		}
	}
	return checkConverted(cmd, path, f.out)
}

// read makes a model of the file at path.
func (f *importFlags) read(path string) (*trainer.Model, error) {
	var names []string
	if f.names != "" {
		names = strings.Split(f.names, ",")
	}
	var m *trainer.Model
	if isGraph(path) {
		file, err := onnx.ReadFile(path, device.Loss(f.loss))
		if err != nil {
			return nil, err
		}
		if m, err = file.Model(names); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return m, nil
	}
	net, err := trainer.LoadWeights(path, device.Activation(f.activation), device.Loss(f.loss))
	if err != nil {
		return nil, err
	}
	if m, err = net.Passthrough(names); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// isGraph tells ONNX from safetensors: by its name, or because it begins with the tag of
// ir_version, and the header of safetensors, after its length of 8 bytes, with a brace.
func isGraph(path string) bool {
	if strings.EqualFold(filepath.Ext(path), ".onnx") {
		return true
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false // the reader says why
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [9]byte
	_, err = io.ReadFull(f, head[:])
	return err == nil && head[0] == 0x08 && head[8] != '{'
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
