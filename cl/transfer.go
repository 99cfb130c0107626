package cl

import (
	"runtime"
	"sync"
	"unsafe"
)

// transfer is Go memory that a non-blocking command reads or writes. It is
// pinned, so it is neither moved nor collected, until the command has ended.
type transfer struct {
	mu    sync.Mutex
	event uintptr // our own reference; zero once ended
	pin   runtime.Pinner
}

// newTransfer pins memory. It is not yet counted; see start.
func newTransfer(memory unsafe.Pointer) *transfer {
	t := new(transfer)
	t.pin.Pin(memory)
	return t
}

// start ties the memory to the command of an event, of which it takes over one
// reference.
func (t *transfer) start(event uintptr) {
	t.event = event
	live[kindTransfer].Add(1)
}

// end lets the memory go: the command has ended. It is safe to call twice and
// on nil.
func (t *transfer) end() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.event == 0 {
		return
	}
	t.pin.Unpin()
	_ = call(&clReleaseEvent, t.event)
	t.event = 0
	live[kindTransfer].Add(-1)
}

// endIfComplete lets the memory go if the command has ended, and tells whether
// it has.
func (t *transfer) endIfComplete() bool {
	if t == nil {
		return true
	}
	t.mu.Lock()
	event := t.event
	if event == 0 {
		t.mu.Unlock()
		return true
	}
	status, err := commandStatus(event)
	t.mu.Unlock()
	if err != nil || status > CommmandExecStatusComplete {
		return false
	}
	t.end()
	return true
}

// transfers are those of a queue that may not have ended, oldest first. It does
// not refer to the queue, which could then never be finalized.
type transfers struct {
	mu   sync.Mutex
	list []*transfer
}

func (l *transfers) add(t *transfer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, t)
}

// collect forgets the oldest transfers, as far as they have ended.
func (l *transfers) collect() {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for n < len(l.list) && l.list[n].endIfComplete() {
		l.list[n] = nil
		n++
	}
	l.list = l.list[n:]
}

// take empties the list and returns what was in it.
func (l *transfers) take() []*transfer {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.list
	l.list = nil
	return list
}

func (l *transfers) empty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.list) == 0
}

// stranded keeps, for ever, Go memory that a command may still use because the
// device failed before the command was seen to end: to free it would be worse
// than to lose it.
var stranded struct {
	mu     sync.Mutex
	memory []any
}

func strand(memory any) {
	stranded.mu.Lock()
	defer stranded.mu.Unlock()
	stranded.memory = append(stranded.memory, memory)
}
