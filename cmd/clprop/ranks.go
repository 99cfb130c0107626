package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/mpi"
	"github.com/clprop/clprop/trainer"
)

// How long an error waits for others: rank 0 says what all ranks have met, and a rank that
// has met it alone speaks when rank 0 has had its turn; what all have met ends MPI in
// order, if all come. Before an abort a launcher needs a moment to pass on what it was
// told: MPICH's has lost a line that came just before.
const (
	turn    = time.Second
	goodbye = 2 * time.Second
	parting = 300 * time.Millisecond
)

// joined is this process as one of the ranks that train together; nil if it is alone,
// which all methods allow. Rank 0 speaks, and writes the files.
type joined struct {
	world *mpi.World
	host  string
	// peers are the ranks on this machine, place which of them this is, machines how many
	// there are in all.
	peers, place, machines int
	cores                  int  // that are this rank's
	crowded                bool // there are more ranks here than cores
	stderr                 io.Writer
	engine                 *device.Ranked
	apart                  string // why ranks of one machine keep a memory each; "" if they do not
}

// leads reports whether this process speaks and writes.
func (j *joined) leads() bool { return j == nil || j.world.Rank() == 0 }

// count is how many ranks there are.
func (j *joined) count() int {
	if j == nil {
		return 1
	}
	return j.world.Size()
}

// onRanks runs a command that knows ranks. With more than one, an error on any of them ends
// all.
func (e *env) onRanks(cmd *cobra.Command, mode string, run func() error) error {
	if err := oneOf(cmd, "mpi", mode, []string{"auto", "yes", "no"}); err != nil {
		return err
	}
	err := e.join(cmd, mode)
	if err == nil {
		err = run()
	}
	return e.leave(cmd.Context(), err)
}

// join starts MPI if a launcher has started this process with others, or if asked to.
func (e *env) join(cmd *cobra.Command, mode string) error {
	launcher, launched := mpi.Launched()
	if mode == "no" || mode == "auto" && launcher.Size < 2 {
		return nil
	}
	if !launched {
		launcher = mpi.Alone()
	}
	world, err := mpi.Start(launcher)
	if err != nil {
		if launcher.Rank != 0 { // all meet it: rank 0 says so
			time.Sleep(turn)
			e.stderr = io.Discard
		}
		return usage(cmd, "%w; or train alone with --mpi no", err)
	}
	j := &joined{world: world, stderr: e.stderr}
	e.joined = j
	if !j.leads() {
		e.stdout, e.stderr = io.Discard, io.Discard
	}
	if err := j.meet(); err != nil {
		return err
	}
	return j.shareCores(e)
}

// meet finds out who is on which machine, and that all run the same program.
func (j *joined) meet() error {
	var err error
	if j.host, err = os.Hostname(); err != nil {
		return err
	}
	program, err := programHash()
	if err != nil {
		return err
	}
	host := sha256.Sum256([]byte(j.host))
	// Numbers of 48 bits go through float64 unchanged.
	number := func(sum []byte) float64 { return float64(binary.LittleEndian.Uint64(sum) >> 16) }
	all, err := j.world.Gather([]float64{number(program), number(host[:])})
	if err != nil {
		return err
	}
	hosts := map[float64]bool{}
	for r := range j.count() {
		if all[2*r] != all[0] {
			return fmt.Errorf("%w: rank %d runs another clprop than rank 0: install the same program everywhere", trainer.ErrRanks, r)
		}
		hosts[all[2*r+1]] = true
		if all[2*r+1] == number(host[:]) {
			if r < j.world.Rank() {
				j.place++
			}
			j.peers++
		}
	}
	j.machines = len(hosts)
	return nil
}

// programHash is that of the file of this program.
func programHash() ([]byte, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}

// deviceSpec is the device that a spec names for this rank: of several equal ones, each
// rank of a machine takes another.
func (j *joined) deviceSpec(e *env, spec string) string {
	if spec == "" {
		spec = os.Getenv(device.EnvDevice)
	}
	kind := strings.ToLower(strings.TrimSpace(spec))
	if j == nil || j.peers < 2 || kind != "" && kind != "auto" && kind != "gpu" && kind != "accelerator" {
		return spec
	}
	listing, err := device.List()
	if err != nil || len(listing.Devices) == 0 {
		return spec // to be refused, or fallen back from, when it is opened
	}
	best := listing.Ranked()[0]
	if kind == "gpu" || kind == "accelerator" {
		if best, _, err = listing.Find(spec); err != nil {
			return spec
		}
	}
	if best.Kind == "CPU" {
		return spec
	}
	var alike []device.Found
	for _, d := range listing.Devices {
		if d.Name == best.Name && d.Kind == best.Kind {
			alike = append(alike, d)
		}
	}
	if j.peers > len(alike) {
		e.note("warning: %d ranks share %d of %s on %s: start as many ranks as there are devices", j.peers, len(alike), best.Name, j.host)
	}
	return strconv.Itoa(alike[j.place%len(alike)].Index)
}

// ranked is the engine to train on: the same for the same device.
func (j *joined) ranked(eng device.Engine) device.Engine {
	switch {
	case j.count() < 2:
		return eng
	case j.engine == nil || j.engine.Local() != eng:
		j.engine = device.NewRanked(eng, j.world)
	}
	return j.engine
}

// recover is trainer.Recover in the folder of a run, which only rank 0 looks into.
func (j *joined) recover(folder string) (s *trainer.Snapshot, path string, notes []string, err error) {
	if j.count() < 2 {
		return trainer.Recover(folder)
	}
	var content []byte
	if j.leads() {
		if s, path, notes, err = trainer.Recover(folder); err != nil {
			return nil, "", notes, err
		}
		if content, err = os.ReadFile(path); err != nil {
			return nil, "", notes, err
		}
	}
	if content, err = j.world.Broadcast(content); err != nil || j.leads() {
		return s, path, notes, err
	}
	s, err = trainer.ParseSnapshot(content)
	return s, filepath.Join(folder, "the checkpoint of rank 0"), nil, err
}

// leave ends MPI. What all ranks have met ends it in order; for any other error all
// processes end at once, with its exit code.
func (e *env) leave(ctx context.Context, err error) error {
	j := e.joined
	if j == nil {
		return err
	}
	if err == nil {
		return j.world.Close()
	}
	if metByAll(err) && j.world.CloseWithin(goodbye) {
		return err // of other ranks nothing is seen
	}
	if !j.leads() {
		time.Sleep(turn)
	}
	e.stderr = j.stderr
	e.note("clprop: rank %d of %d on %s: %v", j.world.Rank(), j.count(), j.host, err)
	time.Sleep(parting)
	j.world.Abort(exitCode(ctx, err))
	e.stderr = io.Discard
	return err
}

// metByAll reports whether an error is one that ranks meet together.
func metByAll(err error) bool {
	var (
		flags   *usageError
		stopped signalError
	)
	return errors.As(err, &flags) || errors.As(err, &stopped) || errors.Is(err, context.Canceled) ||
		errors.Is(err, trainer.ErrRanks) || errors.Is(err, trainer.ErrMismatch) || errors.Is(err, trainer.ErrDiverged)
}

// checkRanks refuses what needs one process, and lets all but the first write nothing.
func (f *trainFlags) checkRanks(cmd *cobra.Command, j *joined) error {
	if j.count() < 2 {
		return nil
	}
	for _, path := range []string{f.data.source(), f.testData, f.data.learn.valData} {
		if path == "-" {
			return usage(cmd, "standard input is the data, and one of %d ranks has it: name a file", j.count())
		}
	}
	if !j.leads() {
		f.run.folder, f.profile, f.quiet = "", "", true
	}
	return nil
}
