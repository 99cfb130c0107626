package serve

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clprop/clprop/trainer"
)

// Errors of predictions that were not made.
var (
	// ErrBusy: as many requests are waiting as may.
	ErrBusy = errors.New("too many requests are waiting: try again")
	// ErrStopped: the server is stopping.
	ErrStopped = errors.New("the server is stopping")
)

// job is a request that waits for its rows.
type job struct {
	ctx     context.Context
	x, h    []float32
	rows    int
	arrived time.Time
	err     error
	done    chan struct{} // closed when h or err is there
}

// batcher computes jobs, several at a time.
type batcher struct {
	predictor         *trainer.Predictor
	largest, features int // rows of a batch, inputs of a row
	outputs           int
	maxWait           time.Duration
	queue             chan *job
	underway          atomic.Int64 // requests that have begun and are not answered
	metrics           *metrics

	mu       sync.RWMutex // of stopping, and of sending to a queue that may be closed
	stopping bool
	stopped  chan struct{}
	failed   chan struct{} // closed when the device failed
	failure  error         // set before failed is closed

	// Of the batch before, for the goroutine of run: when its answers were there, how long
	// they took, and how many requests there were then, answered or waiting.
	free    time.Time
	took    time.Duration
	company int
}

// predict fills h for x, rows of features. It returns when h is there, ctx ends, or the
// queue is full. After an end of ctx, h and x may still be used.
func (b *batcher) predict(ctx context.Context, h, x []float32) error {
	j := &job{ctx: ctx, x: x, h: h, rows: len(x) / b.features, arrived: time.Now(), done: make(chan struct{})}
	if err := b.enqueue(j); err != nil {
		return err
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *batcher) enqueue(j *job) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.stopping {
		return ErrStopped
	}
	select {
	case b.queue <- j:
		return nil
	default:
		return ErrBusy
	}
}

// stop computes what is queued, takes nothing more, and returns when all is done.
func (b *batcher) stop() {
	b.mu.Lock()
	if !b.stopping {
		b.stopping = true
		close(b.queue)
	}
	b.mu.Unlock()
	<-b.stopped
}

// run computes until the queue is closed. It is the goroutine that owns the engine.
func (b *batcher) run() {
	defer close(b.stopped)
	var x, h []float32 // of a batch
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	var left *job // taken from the queue, and in no batch yet
	for {
		first := left
		if left = nil; first == nil {
			first = <-b.queue
		}
		if first == nil { // closed
			return
		}
		if abandoned(first) {
			continue
		}
		var jobs []*job
		jobs, left = b.gather(first, timer)
		x = x[:0]
		for _, j := range jobs {
			x = append(x, j.x...)
		}
		rows := len(x) / b.features
		h = slices.Grow(h[:0], rows*b.outputs)[:rows*b.outputs]
		b.compute(jobs, h, x)
	}
}

// abandoned reports whether nobody waits for a job any more.
func abandoned(j *job) bool { return j.ctx.Err() != nil }

// gather returns the jobs of a batch, first among them, and one that did not fit.
func (b *batcher) gather(first *job, timer *time.Timer) (jobs []*job, left *job) {
	jobs, rows := []*job{first}, first.rows
	wait := b.window(first.arrived)
	timer.Reset(wait)
	defer timer.Stop()
	for rows < b.largest {
		var next *job
		open := true
		select {
		case next, open = <-b.queue:
		default:
			// Nothing is queued. Is anyone on the way, or likely to be?
			if wait <= 0 || len(jobs) >= max(b.company, int(b.underway.Load())) {
				return jobs, nil
			}
			select {
			case next, open = <-b.queue:
			case <-timer.C:
				return jobs, nil
			}
		}
		if !open {
			return jobs, nil
		}
		if abandoned(next) {
			continue
		}
		if rows+next.rows > b.largest {
			return jobs, next
		}
		jobs, rows = append(jobs, next), rows+next.rows
	}
	return jobs, nil
}

// window is how long a batch waits for company, the first of which arrived then: from that,
// or from when the device was free, and no longer than a batch takes, so that waiting in
// vain costs at most as much as what it may save.
func (b *batcher) window(arrived time.Time) time.Duration {
	if b.free.After(arrived) {
		arrived = b.free
	}
	return max(0, min(b.maxWait, b.took)-time.Since(arrived))
}

// compute computes x, the rows of jobs, and answers each.
func (b *batcher) compute(jobs []*job, h, x []float32) {
	began := time.Now()
	if b.failure == nil {
		if b.failure = b.predictor.Predict(context.Background(), h, x); b.failure != nil {
			close(b.failed)
		} else {
			b.metrics.batch(len(x) / b.features)
		}
	}
	b.free = time.Now()
	b.took = b.free.Sub(began)
	b.company = len(jobs) + len(b.queue)
	for _, j := range jobs {
		if j.err = b.failure; j.err == nil {
			h = h[copy(j.h, h):]
		}
		close(j.done)
	}
}
