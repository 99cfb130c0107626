package main

import (
	"strings"

	"github.com/clprop/clprop/trainer"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// stopFlags are the flags about when training ends before --epochs.
type stopFlags struct {
	monitor string
	target  string
}

func (f *stopFlags) add(flags *pflag.FlagSet, s *trainer.Stopping) {
	flags.IntVar(&s.Patience, "early-stop", 0, "stop after `N` epochs in a row without a better --monitor, and take the weights of the best epoch; 0 for never")
	flags.Float64Var(&s.MinDelta, "min-delta", 0, "by how much --monitor must be better to count, for --early-stop and plateau")
	flags.StringVar(&f.monitor, "monitor", "", strings.Join(trainer.Monitors(), ", ")+" (default val_loss, or cost without validation)")
	flags.BoolVar(&s.KeepLast, "keep-last", false, "with --early-stop, keep the weights of the last step instead of the best epoch's")
	flags.StringVar(&f.target, "target", "", "stop at the end of the epoch that reaches `MONITOR=VALUE`, such as val_accuracy=0.9")
	flags.IntVar(&s.Steps, "max-steps", 0, "stop after `N` steps; 0 for no limit")
	flags.DurationVar(&s.Time, "max-time", 0, "stop after so long, such as 90s or 10m; 0 for no limit")
}

// check refuses what cannot be meant; validated says whether examples are held back.
func (f *stopFlags) check(cmd *cobra.Command, c *trainer.Config, validated bool) (err error) {
	flags, s := cmd.Flags(), &c.Stop
	if s.Patience < 0 {
		return usage(cmd, "--early-stop is %d: need 0 or more", s.Patience)
	}
	for _, name := range []string{"min-delta", "monitor", "keep-last"} {
		if plateau := name != "keep-last" && c.Schedule.Name == trainer.SchedulePlateau; flags.Changed(name) && s.Patience == 0 && !plateau {
			return usage(cmd, "--%s without --early-stop: give --early-stop N, the epochs to be patient for", name)
		}
	}
	switch {
	case !(s.MinDelta >= 0 && s.MinDelta-s.MinDelta == 0): // so that NaN and infinities fail
		return usage(cmd, "--min-delta is %v: need 0 or more", s.MinDelta)
	case s.Steps < 0:
		return usage(cmd, "--max-steps is %d: need 0 or more", s.Steps)
	case s.Time < 0:
		return usage(cmd, "--max-time is %v: need 0 or more", s.Time)
	}
	if f.monitor != "" {
		if err := oneOf(cmd, "monitor", f.monitor, trainer.Monitors()); err != nil {
			return err
		}
		s.Monitor = trainer.Monitor(f.monitor)
	}
	if flags.Changed("target") {
		if s.Target, err = trainer.ParseTarget(f.target); err != nil {
			hint := ""
			if !strings.Contains(f.target, "=") {
				hint = "; what is to be predicted is the column of --label"
			}
			return usage(cmd, "--target: %w%s", err, hint)
		}
	}
	for _, m := range []struct {
		flag string
		trainer.Monitor
	}{{"monitor", s.Monitor}, {"target", s.Target.Monitor}} {
		if m.Monitor == "" {
			continue
		}
		if err := m.Check(validated); err != nil {
			return usage(cmd, "--%s: %w: give --val-split a share", m.flag, err)
		}
	}
	return nil
}

// stopJSON is how training was to end, in the result.
type stopJSON struct {
	Patience int     `json:"early_stop"`
	MinDelta float64 `json:"min_delta"`
	Monitor  string  `json:"monitor"` // "" is val_loss, or cost without validation
	KeepLast bool    `json:"keep_last"`
	Target   string  `json:"target"`
	Steps    int     `json:"max_steps"`
	Seconds  float64 `json:"max_seconds"`
}

func newStopJSON(s trainer.Stopping) stopJSON {
	j := stopJSON{s.Patience, s.MinDelta, string(s.Monitor), s.KeepLast, "", s.Steps, s.Time.Seconds()}
	if s.Target.Monitor != "" {
		j.Target = s.Target.String()
	}
	return j
}

// cutOff reports whether the network was trained further than its last whole epoch.
func cutOff(h *trainer.History) bool {
	return h.Best == 0 && h.Stopped != nil && (h.Stopped.Reason == trainer.StopSteps || h.Stopped.Reason == trainer.StopTime)
}

// describeStop says why training ended, and which weights there are.
func (e *env) describeStop(h *trainer.History) {
	if h.Stopped != nil {
		e.note("stopped (%s): %s", h.Stopped.Reason, h.Stopped.Text)
	}
	if h.Best > 0 {
		e.note("the model has the weights of epoch %d, the best", h.Best)
	}
}
