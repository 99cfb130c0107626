package cl

import "sync/atomic"

// kind is a sort of object that must be released.
type kind int

const (
	kindDevice kind = iota // sub-devices; root devices need no release
	kindContext
	kindQueue
	kindBuffer
	kindProgram
	kindKernel
	kindEvent
	kindTransfer
	kinds
)

var kindNames = [kinds]string{"sub-device", "context", "queue", "buffer", "program", "kernel", "event", "transfer"}

var live [kinds]atomic.Int64

// LiveObjects counts, by kind, the objects made and not yet released; kinds
// with none are absent. A "transfer" is Go memory held for a non-blocking read
// or write that is not yet known to have ended. Tests compare the map before and
// after to prove that nothing leaks.
func LiveObjects() map[string]int {
	m := make(map[string]int)
	for k := range live {
		if n := live[k].Load(); n != 0 {
			m[kindNames[k]] = int(n)
		}
	}
	return m
}

// object is the part that everything with a Release shares: an OpenCL handle,
// zero once released.
type object struct {
	handle atomic.Uintptr
	kind   kind
	free   *entry
}

func (o *object) set(k kind, free *entry, handle uintptr) {
	o.kind, o.free = k, free
	o.handle.Store(handle)
	live[k].Add(1)
}

// use returns the handle for a call of e, or an ErrReleased. The caller keeps
// the object alive until the call has returned.
func (o *object) use(e *entry) (uintptr, error) {
	if h := o.handle.Load(); h != 0 {
		return h, nil
	}
	return 0, e.fail(codeReleased)
}

// release gives the handle back, the first time that it is called.
func (o *object) release() {
	h := o.handle.Swap(0)
	if h == 0 {
		return
	}
	live[o.kind].Add(-1)
	// It fails only for a handle that is not one, and there is nobody to tell.
	_ = call(o.free, h)
}
