package device

import (
	"fmt"

	"github.com/clprop/clprop/cl"
)

var _ layerCopier = (*opencl)(nil)

func (e *opencl) layerFloats(p Parameters, layer int) (int, error) {
	own, err := take[*openclParameters](e, "sum", p)
	if err != nil {
		return 0, err
	}
	w := own.layers[layer]
	return w.Panels() * w.Panel, nil
}

// readLayer copies on the transfer queue, so that the compute queue goes on.
func (e *opencl) readLayer(dst []float32, p Parameters, layer int) (func() error, error) {
	own, err := take[*openclParameters](e, "sum", p)
	if err != nil {
		return nil, err
	}
	done, err := e.afterPlans()
	if err != nil {
		return nil, err
	}
	defer done.Release()
	copied, err := e.transfer.EnqueueReadBufferFloat32(own.layers[layer].Buf, false, 0, dst, []*cl.Event{done})
	if err == nil {
		err = e.transfer.Flush()
	}
	if err != nil {
		if copied != nil { // it may write to dst yet
			_ = e.arrived("sum", copied)
		}
		return nil, e.fail(err)
	}
	return func() error { return e.arrived("sum", copied) }, nil
}

// afterPlans is when all plans that were run are done, for the transfer queue to wait for.
func (e *opencl) afterPlans() (*cl.Event, error) {
	if err := e.fail(e.join()); err != nil {
		return nil, err
	}
	done, err := e.compute.EnqueueMarkerWithWaitList(nil)
	if err == nil {
		err = e.compute.Flush()
	}
	if err != nil {
		done.Release()
		return nil, e.fail(err)
	}
	return done, nil
}

// writeLayer copies on the transfer queue too: the next plan waits for it, and the host does not.
func (e *opencl) writeLayer(p Parameters, layer int, src []float32) error {
	own, err := take[*openclParameters](e, "sum", p)
	if err != nil {
		return err
	}
	written, err := e.transfer.EnqueueWriteBufferFloat32(own.layers[layer].Buf, false, 0, src, nil)
	return e.giveBack(written, err)
}

// arrived waits for a copy on the transfer queue. Its error names the cause.
func (e *opencl) arrived(op string, event *cl.Event) error {
	return e.await(op, func() error {
		defer event.Release()
		err := cl.WaitForEvents([]*cl.Event{event})
		if _, cause := event.Status(); err != nil && cause != nil {
			err = fmt.Errorf("%w: %w", err, cause)
		}
		return err
	})
}
