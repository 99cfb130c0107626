package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/durable"
	"github.com/clprop/clprop/trainer/report"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const reportLong = `Report makes report.html in the folder of a run again, from what 'clprop train --run'
left there; neither the data nor a device is needed. The page loads nothing from
elsewhere. Of a run that is not finished it shows the epochs and weights so far.`

const reportExample = `  clprop train --run digits
  clprop report digits`

func newReportCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "report RUN", Short: "Make the report of a run again", Long: reportLong, Example: reportExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(cmd, "name the folder of one run, got %d", len(args))
			}
			r, net, err := e.loadRun(args[0])
			if err != nil {
				return err
			}
			if err := writePage(args[0], r, net); err != nil {
				return err
			}
			return e.print("report written to " + filepath.Join(args[0], report.Page) + "\n")
		},
	}
}

func writePage(folder string, r *report.Report, net *trainer.Network) error {
	name, err := filepath.Abs(folder)
	if err != nil {
		name = folder
	}
	return durable.WriteFile(filepath.Join(folder, report.Page), func(w io.Writer) error { return r.HTML(w, filepath.Base(name), net) })
}

// writeReport writes the report of a run that is over.
func (t *training) writeReport(cmd *cobra.Command) error {
	folder := t.flags.run.folder
	if folder == "" {
		return nil
	}
	r := &report.Report{Epochs: t.history.Epochs, Settings: t.settings(cmd)}
	r.Seconds, r.Throughput = t.timing()
	r.Gradients = report.Histograms(t.gradient[:min(len(t.gradient), len(t.net.Layers))]) // without those of normalisations
	if p := t.examples.preprocess; p.Image != nil {
		r.Width, r.Height = p.Image.Width, p.Image.Height
	}
	if t.test != nil {
		r.Score, r.Set = t.scores().line("test"), t.examples.testSource
		if t.test.Confusion != nil {
			r.Classes, r.Confusion = classNames(t.model()), t.test.Confusion
			r.Mistakes = report.Mistakes(t.examples.test, t.test.H, t.examples.preprocess)
		}
		if s := t.scores(); s.several {
			for k, name := range s.names {
				r.Labels = append(r.Labels, report.Label{Name: name, Count: s.classes.Support[k], Score: s.classes.Each[k]})
			}
		}
	}
	if err := r.Save(filepath.Join(folder, report.File)); err != nil {
		return err
	}
	return writePage(folder, r, t.net)
}

// settings are those of the training, for its report and its page.
func (t *training) settings(cmd *cobra.Command) []report.Setting {
	list := []report.Setting{
		{Name: "clprop", Value: currentVersion().Version}, {Name: "device", Value: deviceText(t.eng.Info())}, {Name: "data", Value: t.examples.source},
		{Name: "network", Value: fmt.Sprintf("%v, %s, %s", t.net, t.net.Hidden, outputText(t.net.Loss))},
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if configurable(f) && f.Value.String() != "" && f.Name != "device" && f.Name != "data" {
			list = append(list, report.Setting{Name: "--" + f.Name, Value: f.Value.String()})
		}
	})
	return list
}
