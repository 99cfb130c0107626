package trainer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clprop/clprop/trainer/durable"
)

// Checkpoints says where and when Fit keeps its state. The first checkpoint is
// made before the first step and the last after the last, or when ctx ends; a
// file is written while training goes on, and one at a time.
//
// The folder keeps the newest Keep checkpoints and, of those at the end of an
// epoch, the best: the one with the lowest validation loss, or cost where there is
// no validation set. None is removed before the next one is on the disk.
// Weights that are not finite are never written.
type Checkpoints struct {
	Folder string // must exist
	Every  Every
	Keep   int // 0 means 3
	// Extra are sections of the caller's own, see Snapshot.Extra.
	Extra map[string][]byte
}

func (c *Checkpoints) check() error {
	if c != nil && (c.Keep < 0 || c.Every.Epochs < 0 || c.Every.Steps < 0 || c.Every.Time < 0) {
		return fmt.Errorf("checkpoints: keep %d, every %+v: need 0 or more", c.Keep, c.Every)
	}
	return nil
}

// Every says when to make a checkpoint: after so many epochs, steps or time,
// whichever is set; the zero value means every epoch.
type Every struct {
	Epochs, Steps int
	Time          time.Duration
}

// ParseEvery reads "2e" (epochs), "500s" (steps) or "10m" (minutes).
func ParseEvery(text string) (Every, error) {
	bad := fmt.Errorf("%q is not when to make a checkpoint: write 1e (epochs), 500s (steps) or 10m (minutes)", text)
	if text == "" {
		return Every{}, bad
	}
	n, err := strconv.Atoi(text[:len(text)-1])
	if err != nil || n < 1 || n > maxEpochs {
		return Every{}, bad
	}
	switch text[len(text)-1] {
	case 'e':
		return Every{Epochs: n}, nil
	case 's':
		return Every{Steps: n}, nil
	case 'm':
		if int64(n) > math.MaxInt64/int64(time.Minute) { // a Duration would turn negative
			return Every{}, bad
		}
		return Every{Time: time.Duration(n) * time.Minute}, nil
	}
	return Every{}, bad
}

// MetricsFile is the name of the table of epochs that lies beside checkpoints: a row
// is added at the end of each epoch, so that others can look on. Going on from a
// checkpoint takes the rows after it away first. It holds no times: the same training
// gives the same bytes, however often it was stopped.
const MetricsFile = "metrics.csv"

// metricsHeader names its columns. step is how many steps were taken since the network
// was new; lr is α of the last of them; those of the validation set are empty without one.
const metricsHeader = "epoch,step,lr,loss,cost,accuracy,val_loss,val_accuracy\n"

const (
	checkpointPrefix = "checkpoint-"
	checkpointSuffix = ".clprop"
	damagedSuffix    = ".damaged"
)

// checkpointName is the file of the state that is step steps after epochs epochs.
func checkpointName(epochs, step int) string {
	return fmt.Sprintf("%s%06d-%08d%s", checkpointPrefix, epochs, step, checkpointSuffix)
}

// place is a checkpoint in a folder.
type place struct{ epochs, step int }

func (p place) name() string { return checkpointName(p.epochs, p.step) }

// places lists the checkpoints in a folder, the newest first.
func places(folder string) ([]place, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var list []place
	for _, entry := range entries {
		var p place
		middle := strings.TrimSuffix(strings.TrimPrefix(entry.Name(), checkpointPrefix), checkpointSuffix)
		if _, err := fmt.Sscanf(middle, "%d-%d", &p.epochs, &p.step); err == nil && p.name() == entry.Name() {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b place) int {
		if a.epochs != b.epochs {
			return b.epochs - a.epochs
		}
		return b.step - a.step
	})
	return list, nil
}

// prune removes what need not be kept, given the history up to the newest.
func prune(folder string, keep int, epochs []Epoch) error {
	list, err := places(folder)
	if err != nil {
		return err
	}
	best := bestOf(list, epochs)
	for i, p := range list {
		if i < keep || (p == best && best != place{}) {
			continue
		}
		if err := os.Remove(filepath.Join(folder, p.name())); err != nil {
			return err
		}
	}
	return nil
}

// bestOf finds the best checkpoint of a list; the zero place, which is none that
// is worth keeping, if there is none.
func bestOf(list []place, epochs []Epoch) (best place) {
	var least float64
	for _, p := range list {
		i := slices.IndexFunc(epochs, func(e Epoch) bool { return e.Epoch == p.epochs })
		if i < 0 || p.step != 0 {
			continue
		}
		score := epochs[i].Cost
		if epochs[i].Validated {
			score = epochs[i].ValLoss
		}
		if best == (place{}) || score < least {
			best, least = p, score
		}
	}
	return best
}

// keeper makes the checkpoints of one Fit. The wait of a nil keeper does nothing.
type keeper struct {
	Checkpoints
	snapshot Snapshot   // what stays the same in all; and the one being written
	steps    int        // of an epoch
	last     time.Time  // of the last checkpoint
	at       place      // of the last checkpoint
	pending  chan error // the writer sends its error; nil if nothing is being written
}

// due reports whether it is time for a checkpoint: step steps of an epoch are
// done after the completed ones, or an epoch is. Time is asked for at most where
// the host has waited anyway.
func (k *keeper) due(completed, step int) bool {
	switch every := k.Every; {
	case every.Steps > 0:
		return (completed*k.steps+step)%every.Steps == 0
	case every.Time > 0:
		return time.Since(k.last) >= every.Time
	default:
		return step == 0 && completed%max(every.Epochs, 1) == 0
	}
}

// wait ends the writing under way, and returns its error.
func (k *keeper) wait() error {
	if k == nil || k.pending == nil {
		return nil
	}
	err := <-k.pending
	k.pending = nil
	return err
}

// place is that of the snapshot's file.
func (s *Snapshot) place() place { return place{s.Before + len(s.Epochs), s.Step} }

// errAbandoned ends the writing of what could not be read.
var errAbandoned = errors.New("abandoned")

// write begins to write the snapshot, of which arrived wants to be told each layer of
// parameters when it is there. Nothing of it must be changed from then until wait.
func (k *keeper) write() (arrived chan<- struct{}) {
	s, layers := &k.snapshot, 0
	for _, p := range s.parameters() {
		layers += len(p.layers)
	}
	there := make(chan struct{}, layers) // so that nobody waits for a writer that has failed
	k.pending = make(chan error, 1)
	go func(done chan<- error, path string) {
		err := s.save(path, func() error {
			if _, ok := <-there; !ok {
				return errAbandoned
			}
			return nil
		})
		if err == nil {
			err = k.syncTable()
		}
		if err == nil {
			err = prune(k.Folder, k.Keep, s.Epochs)
		}
		done <- err
	}(k.pending, filepath.Join(k.Folder, s.place().name()))
	return there
}

// abandon ends the writing under way, of which not all arrived. No file comes of it.
func (k *keeper) abandon(arrived chan<- struct{}) {
	close(arrived)
	<-k.pending
	k.pending = nil
}

// tabulate writes the table of epochs anew.
func (k *keeper) tabulate(epochs []Epoch) error {
	return durable.WriteFile(filepath.Join(k.Folder, MetricsFile), func(w io.Writer) error {
		_, err := w.Write(metrics(epochs, k.steps))
		return err
	})
}

// addRow adds the last epoch to the table, in one write and without waiting for the
// disk: a row that is lost in a crash is one that no checkpoint knows.
func (k *keeper) addRow(epochs []Epoch) error {
	file, err := os.OpenFile(filepath.Join(k.Folder, MetricsFile), os.O_WRONLY|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) { // somebody has removed it
		return k.tabulate(epochs)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(metricsRow(epochs[len(epochs)-1], k.steps))
	return errors.Join(err, file.Close())
}

// syncTable forces the rows of the table to the disk, as far as the checkpoint that
// was just written.
func (k *keeper) syncTable() error {
	file, err := os.OpenFile(filepath.Join(k.Folder, MetricsFile), os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // addRow will make it anew
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// metrics is the history as CSV, with all digits. steps are those of an epoch.
func metrics(epochs []Epoch, steps int) []byte {
	table := []byte(metricsHeader)
	for _, e := range epochs {
		table = append(table, metricsRow(e, steps)...)
	}
	return table
}

func metricsRow(e Epoch, steps int) []byte {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	loss, accuracy := "", ""
	if e.Validated {
		loss, accuracy = number(e.ValLoss), number(e.ValAccuracy)
	}
	return fmt.Appendf(nil, "%d,%d,%s,%s,%s,%s,%s,%s\n", e.Epoch, e.Epoch*steps, number(e.Rate),
		number(e.Loss), number(e.Cost), number(e.Accuracy), loss, accuracy)
}

// newKeeper returns the keeper that a Fit asks for, or nil.
func newKeeper(c Config, net *Network) *keeper {
	if c.Checkpoints == nil {
		return nil
	}
	k := &keeper{Checkpoints: *c.Checkpoints, last: time.Now()}
	if k.Keep == 0 {
		k.Keep = 3
	}
	k.snapshot.Extra = map[string][]byte{}
	if c.Resume != nil {
		maps.Copy(k.snapshot.Extra, c.Resume.Extra)
	}
	maps.Copy(k.snapshot.Extra, k.Checkpoints.Extra)
	k.snapshot.Config = c
	k.snapshot.Network = net.architecture().network()
	k.snapshot.Network.setAll(newLayers(net))
	return k
}
