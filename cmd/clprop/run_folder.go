package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/checkpoint"
	"github.com/clprop/clprop/trainer/report"
)

// loadRun reads what there is of a run: its report and model if it is finished, or else the
// table of epochs and the network of the newest checkpoint, and then a note says so. The
// network is nil if there is a table only.
func (e *env) loadRun(folder string) (*report.Report, *trainer.Network, error) {
	r, err := report.Load(filepath.Join(folder, report.File))
	if err == nil {
		m, err := loadModel(filepath.Join(folder, runModel))
		if err != nil {
			return nil, nil, err
		}
		return r, m.Network, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, badFile(err)
	}
	r = &report.Report{Unfinished: true}
	r.Epochs, err = trainer.ReadMetrics(filepath.Join(folder, trainer.MetricsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, badFile(err)
	}
	s, none := trainer.Newest(folder)
	switch {
	case none == nil:
		r.Settings = flagsOf(s)
	case errors.Is(none, checkpoint.ErrVersion):
		return nil, nil, badFile(none)
	case err != nil:
		return nil, nil, badFile(fmt.Errorf("%s: neither a report, nor a table of epochs, nor a checkpoint: is it the folder of a run (clprop train --run)?", folder))
	default:
		s = &trainer.Snapshot{}
	}
	if len(r.Epochs) == 0 {
		r.Epochs = s.Epochs
	}
	e.note("%s is not finished: what there is after %s", folder, plural(len(r.Epochs), "epoch"))
	return r, s.Network, nil
}

// flagsOf are the flags that a checkpoint's run was begun with.
func flagsOf(s *trainer.Snapshot) (list []report.Setting) {
	saved := map[string]string{}
	if json.Unmarshal(s.Extra[sectionFlags], &saved) != nil {
		return nil // a checkpoint of another program
	}
	for _, name := range slices.Sorted(maps.Keys(saved)) {
		list = append(list, report.Setting{Name: "--" + name, Value: saved[name]})
	}
	return list
}
