package main

import (
	"strings"

	"github.com/clprop/clprop/trainer"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// addSchedule adds the flags about how the learning rate changes. A number that is not
// given is the schedule's default.
func addSchedule(flags *pflag.FlagSet, s *trainer.Schedule) {
	flags.StringVar(&s.Name, "lr-schedule", trainer.ScheduleConstant, strings.Join(trainer.Schedules(), ", "))
	flags.Float64Var(&s.Warmup, "warmup-epochs", 0, "epochs, whole or not, in which the rate rises to what the schedule says")
	flags.Float64Var(&s.Factor, "lr-factor", 0, "share of the rate that step (default 0.1), exponential (0.95) and plateau (0.5) leave")
	flags.IntVar(&s.Every, "lr-every", 0, "`EPOCHS` between the falls of step (default a third of --epochs)")
	flags.IntVar(&s.Patience, "lr-patience", 0, "`EPOCHS` in a row without a better --monitor after which plateau falls (default 3)")
	flags.Float64Var(&s.Least, "lr-min", 0, "rate below which cosine and plateau do not go")
	flags.Float64Var(&s.Rise, "lr-rise", 0, "share of training in which the rate of onecycle rises (default 0.3)")
}

// checkSchedule fills in the defaults, other than those that go by a number of epochs that
// is auto.
func checkSchedule(cmd *cobra.Command, c *trainer.Config) error {
	if err := oneOf(cmd, "lr-schedule", c.Schedule.Name, trainer.Schedules()); err != nil {
		return err
	}
	for flag, v := range map[string]float64{
		"lr-factor": c.Schedule.Factor, "lr-every": float64(c.Schedule.Every), "lr-patience": float64(c.Schedule.Patience), "lr-rise": c.Schedule.Rise,
	} {
		if v == 0 && cmd.Flags().Changed(flag) {
			return usage(cmd, "--%s is 0: need a number above 0", flag)
		}
	}
	filled, err := c.Schedule.WithDefaults(c.Epochs)
	if err != nil {
		return usage(cmd, "--lr-schedule: %w", err)
	}
	if c.Epochs == trainer.AutoSize {
		filled.Every = c.Schedule.Every
	}
	c.Schedule = filled
	return nil
}

// scheduleJSON has 0 for what the schedule does not have.
type scheduleJSON struct {
	Name     string  `json:"name"`
	Warmup   float64 `json:"warmup_epochs"`
	Factor   float64 `json:"factor"`
	Every    int     `json:"every"`
	Patience int     `json:"patience"`
	Least    float64 `json:"min"`
	Rise     float64 `json:"rise"`
}
