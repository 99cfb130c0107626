package main

import (
	"fmt"
	"math"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// augmentFlags are the flags about how examples are changed in training.
type augmentFlags struct {
	shape string
}

func (f *augmentFlags) add(flags *pflag.FlagSet, a *trainer.Augment) {
	flags.IntVar(&a.Shift, "augment-shift", 0, "move each image by up to `N` pixels each way, anew in each step of training")
	flags.BoolVar(&a.Flip, "augment-flip", false, "mirror every other image left to right, by chance")
	flags.Float64Var(&a.Noise, "augment-noise", 0, "standard deviation of the normal noise that each step of training adds to the inputs as scaled; 0 for none")
	flags.Float64Var(&a.Mixup, "mixup", 0, "α of mixtures of two examples, and of their labels, with shares of Beta(α, α), such as 0.2; 0 for none")
	flags.StringVar(&f.shape, "image-shape", "", "height, width and channels of the images in a table, `HxWxC`, such as 28x28x1 (default: those of the images, if they are)")
}

// check refuses what cannot be meant, before anything is read.
func (f *augmentFlags) check(cmd *cobra.Command, a *trainer.Augment) error {
	if f.shape != "" {
		shape, err := parseImageShape(f.shape)
		if err != nil {
			return usage(cmd, "%w", err)
		}
		a.Image = shape
	}
	switch {
	case a.Shift < 0:
		return usage(cmd, "--augment-shift is %d: need 0 for none, or more", a.Shift)
	case !(a.Noise >= 0 && a.Noise <= math.MaxFloat32): // so that NaN fails
		return usage(cmd, "--augment-noise is %v: need 0 for none, or more, up to %.3g", a.Noise, math.MaxFloat32)
	case a.Mixup != 0 && !(a.Mixup >= trainer.MinMixup && a.Mixup <= math.MaxFloat32):
		return usage(cmd, "--mixup is %v: need 0 for none, or %v or more, up to %.3g", a.Mixup, trainer.MinMixup, math.MaxFloat32)
	}
	return nil
}

// parseImageShape reads what --image-shape says.
func parseImageShape(text string) (shape device.ImageShape, err error) {
	var rest string
	n, _ := fmt.Sscanf(text, "%dx%dx%d%s", &shape.Height, &shape.Width, &shape.Channels, &rest)
	if n != 3 {
		return shape, fmt.Errorf("--image-shape is %q: write height, width and channels, such as 28x28x1", text)
	}
	if err = shape.Check(); err != nil {
		err = fmt.Errorf("--image-shape: %w", err)
	}
	return shape, err
}

// of fills in the shape of the examples, and refuses what does not go with them.
func (f *augmentFlags) of(cmd *cobra.Command, c *trainer.Config, loss device.Loss, p *data.Preprocess) error {
	a := &c.Augment
	if a.Mixup > 0 && loss == device.Hinge {
		return usage(cmd, "--mixup is for losses that know shares, and --loss is %s: use a cross-entropy", loss)
	}
	if a.Shift == 0 && !a.Flip {
		if f.shape != "" {
			return usage(cmd, "--image-shape is for --augment-shift and --augment-flip: give one of them, or leave it out")
		}
		return nil
	}
	if f.shape == "" {
		if p.Image == nil {
			return usage(cmd, "--augment-shift and --augment-flip are for images, and the data is a table: say what images its rows are with --image-shape, such as 28x28x1")
		}
		a.Image = device.ImageShape{Height: p.Image.Height, Width: p.Image.Width, Channels: 1}
	}
	if a.Image.Size() != p.Features() {
		return usage(cmd, "--image-shape %v has %d values, and an example %d", a.Image, a.Image.Size(), p.Features())
	}
	if a.Shift >= min(a.Image.Height, a.Image.Width) {
		return usage(cmd, "--augment-shift is %d, and the images are %v: nothing would be left to see", a.Shift, a.Image)
	}
	return nil
}

// augmentJSON has 0 for what is off; the shape is "" where it does not matter.
type augmentJSON struct {
	Shift int     `json:"shift"`
	Flip  bool    `json:"flip"`
	Noise float64 `json:"noise"`
	Mixup float64 `json:"mixup"`
	Image string  `json:"image_shape"`
}

func newAugmentJSON(a trainer.Augment) augmentJSON {
	j := augmentJSON{a.Shift, a.Flip, a.Noise, a.Mixup, ""}
	if a.Image != (device.ImageShape{}) {
		j.Image = a.Image.String()
	}
	return j
}
