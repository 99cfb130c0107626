package main

import (
	"fmt"
	"math"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// addRegularizers adds the flags about what bounds gradient and weights.
func addRegularizers(flags *pflag.FlagSet, r *trainer.Regularizers) {
	flags.Float64Var(&r.L1, "l1", 0, "λ1 of the penalty on the sizes of weights")
	flags.Float64Var(&r.ClipNorm, "clip-norm", 0, "largest norm of the gradient, which is scaled down to it; 0 for none")
	flags.Float64Var(&r.ClipValue, "clip-value", 0, "largest size of a gradient's element, which is cut to it; 0 for none")
	flags.Float64Var(&r.MaxNorm, "max-norm", 0, "largest norm of the weights into a unit, which are scaled down to it; 0 for none")
	flags.Float64Var(&r.Average, "ema", 0, "validate and save a running mean of the weights that keeps this `SHARE` of itself a step, such as 0.999")
	flags.Float64Var(&r.Dropout, "dropout", 0, "`SHARE` of the hidden units that each step of training does without, such as 0.5; 0 for none")
	flags.Float64Var(&r.InputDropout, "input-dropout", 0, "`SHARE` of the inputs that each step of training does without, such as 0.2; 0 for none")
}

func checkRegularizers(cmd *cobra.Command, r trainer.Regularizers) error {
	for _, n := range []struct {
		flag            string
		v, least, below float64 // least above 0, which is none
	}{{"l1", r.L1, 0, math.MaxFloat32}, {"clip-norm", r.ClipNorm, device.MinEps, math.MaxFloat32},
		{"clip-value", r.ClipValue, device.MinEps, math.MaxFloat32}, {"max-norm", r.MaxNorm, device.MinEps, math.MaxFloat32},
		{"ema", r.Average, 0, 1}, {"dropout", r.Dropout, 0, 1}, {"input-dropout", r.InputDropout, 0, 1}} {
		if n.v == 0 || n.v >= n.least && n.v < n.below { // so that NaN fails
			continue
		}
		need := "0 or more"
		if n.least > 0 {
			need = fmt.Sprintf("0 for none, or %.3g or more", n.least)
		}
		return usage(cmd, "--%s is %v: need %s, and below %.3g", n.flag, n.v, need, n.below)
	}
	return nil
}

// regularizersJSON has 0 for what is off.
type regularizersJSON struct {
	L1        float64 `json:"l1"`
	ClipValue float64 `json:"clip_value"`
	ClipNorm  float64 `json:"clip_norm"`
	MaxNorm   float64 `json:"max_norm"`
	Average   float64 `json:"ema"`

	Dropout      float64 `json:"dropout"`
	InputDropout float64 `json:"input_dropout"`
}
