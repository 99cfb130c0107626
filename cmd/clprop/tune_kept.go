package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/clprop/clprop/device"
)

// tunedJSON and clearedJSON are what tune --show and --clear print with --json.
type (
	tunedJSON struct {
		Schema  int              `json:"schema"`
		Entries []tunedEntryJSON `json:"entries"`
	}
	clearedJSON struct {
		Schema  int `json:"schema"`
		Removed int `json:"removed"`
	}
)

// tunedEntryJSON is an entry, whether train takes it, and if not, why.
type tunedEntryJSON struct {
	device.Tuned
	State string `json:"state"` // one of the three below
	Why   string `json:"why"`
}

// What an entry may be.
const (
	tunedValid    = "valid"
	tunedStale    = "stale" // for other kernels than this clprop's
	tunedNotValid = "not valid"
)

// tunedState says whether train takes an entry, and if not, why.
func tunedState(t device.Tuned) (state, why string) {
	switch {
	case t.Wrong == nil:
		return tunedValid, ""
	case errors.Is(t.Wrong, device.ErrStale):
		state = tunedStale
	default:
		state = tunedNotValid
	}
	return state, oneLine(t.Wrong.Error())
}

// chosen is the devices that --show and --clear are about; nil for all.
func (f *tuneFlags) chosen() ([]device.Found, error) {
	if f.device == "" {
		return nil, nil
	}
	listing, missing := device.List()
	spec := f.device
	if missing == nil && strings.EqualFold(strings.TrimSpace(spec), "auto") {
		spec = autoDevice(listing)
	}
	found, err := listing.Members(spec)
	switch {
	case err == nil && len(found) == 0:
		return nil, fmt.Errorf("device %q: %w on the CPU reference: name an OpenCL device with --device", f.device, device.ErrNoTuning)
	case err != nil && missing != nil:
		return nil, fmt.Errorf("device %q: %w", f.device, missing)
	}
	return found, err
}

func (e *env) showTuned(f tuneFlags) error {
	found, err := f.chosen()
	if err != nil {
		return err
	}
	entries, err := device.ListTuned(found)
	if err != nil {
		return err
	}
	if f.json {
		all := tunedJSON{schemaVersion, []tunedEntryJSON{}}
		for _, t := range entries {
			state, why := tunedState(t)
			all.Entries = append(all.Entries, tunedEntryJSON{t, state, why})
		}
		return e.printJSON(all)
	}
	if len(entries) == 0 {
		e.note("nothing is kept: run clprop tune")
		return nil
	}
	return e.print(tunedText(entries))
}

// tunedText lists the entries. The units tell what is for a part of a device.
func tunedText(entries []device.Tuned) string {
	var text strings.Builder
	rows := [][]string{{"network", "device", "units", "tuning", "speedup", ""}}
	for _, t := range entries {
		name := ""
		if len(t.Device) > 1 {
			name = t.Device[1]
		}
		mark, why := tunedState(t)
		switch mark {
		case tunedValid:
			mark = ""
		case tunedNotValid:
			mark += ": " + why
		}
		rows = append(rows, []string{
			oneLine(t.Net), shorten(oneLine(name), 40), fmt.Sprint(t.Units), oneLine(t.Tuning.String()), fmt.Sprintf("%.2f", t.Speedup), mark,
		})
	}
	writeColumns(&text, rows, len(rows[0]))
	return text.String()
}

func (e *env) clearTuned(f tuneFlags) error {
	found, err := f.chosen()
	if err != nil {
		return err
	}
	removed, err := device.ClearTuned(found)
	if f.json {
		return errors.Join(err, e.printJSON(clearedJSON{schemaVersion, removed}))
	}
	e.note("removed %d", removed)
	return err
}
