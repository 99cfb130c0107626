package main

import (
	"strings"

	"github.com/clprop/clprop/trainer"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// addOptimizer adds the flags about how weights change. A number that is not given is
// the optimizer's default.
func addOptimizer(flags *pflag.FlagSet, o *trainer.Optimizer) {
	flags.StringVar(&o.Name, "optimizer", "sgd", strings.Join(trainer.Optimizers(), ", ")+"; of the whole set: "+strings.Join(trainer.WholeSetOptimizers(), ", "))
	flags.Float64Var(&o.Momentum, "momentum", 0, "μ of momentum and nesterov (default 0.9)")
	flags.Float64Var(&o.Beta1, "beta1", 0, "β1 of adam, adamw and lion (default 0.9)")
	flags.Float64Var(&o.Beta2, "beta2", 0, "β2 of adam and adamw (default 0.999), lion and rmsprop (default 0.99)")
	flags.Float64Var(&o.Eps, "eps", 0, "ε of rmsprop, adam and adamw (default 1e-8), and of adagrad (default 1e-10)")
	flags.Float64Var(&o.WeightDecay, "weight-decay", 0, "decay of the weights by adamw (default 0.01) and lion (default none), times the rate")
}

// checkOptimizer fills in the defaults, that of --lr too.
func checkOptimizer(cmd *cobra.Command, c *trainer.Config) (err error) {
	if err := oneOf(cmd, "optimizer", c.Optimizer.Name, optimizers()); err != nil {
		return err
	}
	for _, n := range []struct {
		flag string
		v    float64
	}{
		{"momentum", c.Optimizer.Momentum}, {"beta1", c.Optimizer.Beta1}, {"beta2", c.Optimizer.Beta2}, {"eps", c.Optimizer.Eps},
	} {
		if n.v == 0 && cmd.Flags().Changed(n.flag) {
			return usage(cmd, "--%s is 0: need a number above 0", n.flag)
		}
	}
	if cmd.Flags().Changed("weight-decay") && c.Optimizer.WeightDecay == 0 && c.Optimizer.Name == "adamw" {
		return usage(cmd, "--weight-decay is 0: --optimizer adam is adamw without it")
	}
	if c.Optimizer, err = c.Optimizer.WithDefaults(); err != nil {
		return usage(cmd, "--optimizer: %w", err)
	}
	if !cmd.Flags().Changed("lr") {
		c.Rate = c.Optimizer.DefaultRate()
	}
	if c.Optimizer.WholeSet() && !cmd.Flags().Changed("batch-size") {
		c.BatchSize = trainer.AutoSize
	}
	return nil
}

// optimizers are the names of all.
func optimizers() []string { return append(trainer.Optimizers(), trainer.WholeSetOptimizers()...) }

// checkWholeSet refuses what an optimizer of the whole set cannot be used with.
func checkWholeSet(cmd *cobra.Command, c trainer.Config, run bool) error {
	if !c.Optimizer.WholeSet() {
		return nil
	}
	if run {
		c.Checkpoints = &trainer.Checkpoints{}
	}
	if c.Epochs == trainer.AutoSize {
		c.Epochs = wholeSetEpochs
	}
	if err := c.Check(); err != nil {
		return usage(cmd, "%w", err)
	}
	return nil
}
