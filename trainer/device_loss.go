package trainer

import (
	"errors"
	"fmt"

	"github.com/clprop/clprop/device"
)

// OnDeviceLoss says what Fit does when a device of a group is lost.
type OnDeviceLoss string

// What to do when a device of a group is lost.
const (
	// DeviceLossStop ends Fit with the error, as with a single device.
	DeviceLossStop OnDeviceLoss = "stop"
	// DeviceLossContinue goes on without it from the last step that was done: Θ and the
	// moments of that step are on the other devices, since these change only when the sums
	// of all are there. The rest of the batches is split among those that are left, so that
	// results are the same to rounding.
	DeviceLossContinue OnDeviceLoss = "continue"
)

// Dropped is what Config.OnDrop is told.
type Dropped struct {
	Epoch, Step int           // where Fit goes on: steps are counted from 1
	Lost        []device.Info // the devices that are gone
	Now         device.Info   // what is left
	Cause       error
}

// place notes that a step of the epoch under way is done, for drop. Only a group can go on
// without a device, and its tally costs no wait.
func (f *fit) place(step int) error {
	if f.config.OnDeviceLoss != DeviceLossContinue || f.eng.Info().Parallel != device.ParallelData {
		return nil
	}
	sums, err := f.eng.ReadTally(f.to.tally)
	if err == nil {
		f.step, f.sums = step, sums
	}
	return err
}

// drop goes on without the devices of a group that are lost, if that is wanted and helps.
// Otherwise it returns the cause.
func (f *fit) drop(cause error) error {
	if f.config.OnDeviceLoss != DeviceLossContinue || !errors.Is(cause, device.ErrLost) {
		return cause
	}
	lost, err := device.Drop(f.eng)
	if err != nil {
		return fmt.Errorf("%w; %w", cause, err)
	}
	if f.keeper != nil {
		if err := f.keeper.wait(); err != nil { // the file names the machine
			return err
		}
		f.keeper.snapshot.Machine = NewMachine(f.eng.Info()).Of(f.ranks.summing())
	}
	if f.config.OnDrop != nil {
		f.config.OnDrop(Dropped{f.epochs + 1, f.step + 1, lost, f.eng.Info(), cause})
	}
	return nil
}
