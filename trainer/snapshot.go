package trainer

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/checkpoint"
	"github.com/clprop/clprop/trainer/durable"
)

// Errors about checkpoints, for errors.Is.
var (
	// ErrSnapshot: a file that is whole does not hold the state of a training.
	ErrSnapshot = errors.New("not a state of training")
	// ErrMismatch: what is to go on is not what the checkpoint was made of.
	ErrMismatch = errors.New("the checkpoint is of another training")
)

// Snapshot is the state of a Fit between two steps: all that is needed to go on
// to the same bits. Random numbers are addressed by seed, epoch and element, so
// that the position is their state too.
type Snapshot struct {
	Network *Network // Θ after the last step done
	// Moments are the other Parameters that change from step to step, and the weights
	// of the best epoch, by name, each shaped as Θ.
	Moments map[string][]Layer
	Config  Config        // without what does not decide the results, such as OnEpoch
	Before  int           // epochs that were trained before this Fit
	Epochs  []Epoch       // completed in this Fit
	Step    int           // steps done of the epoch after them
	Sums    device.Sums   // of those steps
	Elapsed time.Duration // wall time of those steps
	Reloads int           // times that the rate was halved, see DivergenceReload
	// LossScale is S and the good steps since it changed; nil unless Config.Precision is FP16.
	LossScale []float32
	// Train and Validation say what data it is about; Validation is zero if there
	// is none.
	Train, Validation Fingerprint
	Machine           Machine
	// Extra holds the sections of the file that this package has no use for: a
	// caller's own, and those of a newer program. They go on to the next checkpoint.
	Extra map[string][]byte
}

// Machine is what decides how numbers are rounded.
type Machine struct {
	Device   string `json:"device"`
	Platform string `json:"platform"`
	Driver   string `json:"driver"`
	Kind     string `json:"kind"`
	Kernels  string `json:"kernels"`         // their shapes, which tuning changes
	Ranks    int    `json:"ranks,omitempty"` // that sum Δ; 0 for one process, and for ranks that share memory
}

// Of returns the machine for so many ranks, each on such an engine: sums are added up in
// another order by another number of them.
func (m Machine) Of(ranks int) Machine {
	if m.Ranks = ranks; ranks == 1 {
		m.Ranks = 0
	}
	return m
}

// NewMachine describes an engine.
func NewMachine(i device.Info) Machine {
	return Machine{Device: i.Name, Platform: i.Platform, Driver: i.Driver, Kind: i.Kind, Kernels: i.Kernels}
}

// Differences says what is not the same on another machine, in a few words each;
// with none, training goes on to the same bits.
func (m Machine) Differences(now Machine) []string {
	var list []string
	for _, part := range []struct{ name, was, is string }{
		{"device", m.Device, now.Device}, {"platform", m.Platform, now.Platform},
		{"driver", m.Driver, now.Driver}, {"kind", m.Kind, now.Kind}, {"kernels", m.Kernels, now.Kernels},
	} {
		if part.was != part.is {
			list = append(list, fmt.Sprintf("%s was %q, is %q", part.name, part.was, part.is))
		}
	}
	if m.Ranks != now.Ranks {
		list = append(list, fmt.Sprintf("ranks were %d, are %d", max(m.Ranks, 1), max(now.Ranks, 1)))
	}
	return list
}

// Position says how far training was.
func (s *Snapshot) Position() string {
	epochs := s.Before + len(s.Epochs)
	if s.Step == 0 {
		return fmt.Sprintf("end of epoch %d", epochs)
	}
	return fmt.Sprintf("step %d of epoch %d", s.Step, epochs+1)
}

// The sections of a checkpoint. Those of Parameters have this in front of a name,
// and hold weights [out,in] and biases [out] of each layer, float32.
const (
	sectionConfig     = "config"      // Config, JSON
	sectionNetwork    = "network"     // sizes, activation and loss, JSON
	sectionState      = "state"       // position, JSON
	sectionHistory    = "history"     // an Epoch a line, JSON
	sectionParameters = "parameters." // and a name
	nameTheta         = "theta"
	nameMean          = "mean" // of Θ, see Regularizers
	nameBest          = "best" // the weights of the best epoch, see Stopping
)

// state is the section of that name.
type state struct {
	Before     int           `json:"before"`
	Step       int           `json:"step"`
	Sums       device.Sums   `json:"sums"`
	Elapsed    time.Duration `json:"elapsed_ns"`
	Reloads    int           `json:"reloads,omitempty"`
	LossScale  []float32     `json:"loss_scale,omitempty"`
	Train      Fingerprint   `json:"train"`
	Validation Fingerprint   `json:"validation"`
	Machine    Machine       `json:"machine"`
}

// Save writes the snapshot to path, whole or not at all. The same snapshot gives
// the same bytes.
func (s *Snapshot) Save(path string) error { return s.save(path, nil) }

// save is Save of Parameters that are being read: await, if not nil, is called before each
// layer is written, in the order of parameters, and its error ends the writing.
func (s *Snapshot) save(path string, await func() error) error {
	sections, err := s.encode(await)
	if err != nil {
		return fmt.Errorf("saving checkpoint %s: %w", path, err)
	}
	return durable.WriteFile(path, func(w io.Writer) error { return checkpoint.Write(w, sections) })
}

// LoadSnapshot reads what Save wrote. The file may come from anyone: the result is
// a Snapshot whose parts belong together, or an error that names path and wraps
// checkpoint.ErrDamaged, checkpoint.ErrVersion, ErrSnapshot or that of reading.
// What it takes in memory is bounded by the size of the file.
func LoadSnapshot(path string) (*Snapshot, error) {
	file, err := checkpoint.Read(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint %w", err) // names path
	}
	s, err := decodeSnapshot(file)
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w", path, undecoded(err))
	}
	return s, nil
}

// ParseSnapshot is LoadSnapshot of the content of a file.
func ParseSnapshot(content []byte) (*Snapshot, error) {
	file, err := checkpoint.Parse(content)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	s, err := decodeSnapshot(file)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", undecoded(err))
	}
	return s, nil
}

// undecoded is the error about sections that cannot be decoded. A field that this program does not know was
// written by a newer one: the file is good, and nobody may set it aside.
func undecoded(err error) error {
	if strings.Contains(err.Error(), "json: unknown field ") {
		return fmt.Errorf("%w: %w: use a newer clprop", checkpoint.ErrVersion, err)
	}
	return fmt.Errorf("%w: %w", ErrSnapshot, err)
}

// isParameters reports whether a section is one of Parameters, and of which.
func isParameters(section string) (name string, ok bool) {
	return strings.CutPrefix(section, sectionParameters)
}
