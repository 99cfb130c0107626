package device

import "github.com/clprop/clprop/cl"

// upload is the memory of a matrix with what is under way to and from it.
type upload struct {
	*buffer
	staging []float32 // rows as the device has them; nil before the first Upload
	arrival *cl.Event // of the last Upload; nil when it was waited for
	lastUse *cl.Event // of the last plan that used the matrix since uploads began
}

// Wait implements Transfer. The caller's slice was copied to staging at once, so
// there is nothing to wait for.
func (*upload) Wait() error { return nil }

// Release frees the memory and forgets what is under way; OpenCL keeps both alive
// until the device is done.
func (u *upload) Release() {
	if u.owner.hung {
		return
	}
	u.arrival.Release()
	u.lastUse.Release()
	u.arrival, u.lastUse = nil, nil
	u.buffer.Release()
}

// settle waits for an upload under way.
func (u *upload) settle(op string) error {
	if u.arrival == nil {
		return nil
	}
	event := u.arrival
	u.arrival = nil
	if status, err := event.Status(); err == nil && status == cl.CommmandExecStatusComplete {
		event.Release() // as nearly always: it is that of two steps ago
		return nil
	}
	return u.owner.arrived(op, event)
}

// Upload copies src to the matrix's staging memory and queues the rest.
func (e *opencl) Upload(dst Matrix, src []float32) (Transfer, error) {
	m, err := e.matrix("upload", dst, 0, len(src))
	if err != nil {
		return nil, err
	}
	floats := len(src) / m.m.Cols * m.m.Words()
	if m.staging == nil {
		// Plans that ran before uploads began left no event: wait for them once.
		if err := e.await("upload", e.finish); err != nil {
			return nil, err
		}
	}
	if len(m.staging) < floats {
		m.staging = make([]float32, floats)
	}
	pad(m.staging, src, m.m)
	var after []*cl.Event
	if m.lastUse != nil {
		after = []*cl.Event{m.lastUse}
	}
	m.arrival, err = e.transfer.EnqueueWriteBufferFloat32(m.m.Buf, false, 0, m.staging[:floats], after)
	if err == nil {
		err = e.transfer.Flush()
	}
	return m.upload, e.fail(err)
}
