package trainer

import (
	"fmt"
	"time"
)

// also adds an error met while dealing with another, in one line.
func also(cause, err error) error {
	if err == nil {
		return cause
	}
	return fmt.Errorf("%w; then %w", cause, err)
}

// finite reports whether x is neither NaN nor an infinity.
func finite(x float64) bool { return x-x == 0 }

// pace decides after which steps the host waits for the device, so that it is
// ahead by about one interval: without it, a fast host queues a whole epoch on a
// slow device, and neither shows progress nor stops when asked to. A wait costs
// some 10 µs, a few times a second.
type pace struct {
	interval time.Duration
	since    time.Time // the last wait
	steps    int       // queued since
	limit    int       // steps to queue before the next wait
}

func newPace(interval time.Duration) pace { return pace{interval: interval, limit: 1} }

// start is called when an epoch begins.
func (p *pace) start() { p.since, p.steps = time.Now(), 0 }

// due counts a step and says whether to wait now.
func (p *pace) due() bool {
	p.steps++
	return p.steps >= p.limit
}

// waited is called when all steps queued are done. The next limit is how many
// fit the interval at the speed measured, but at most four times as many as now,
// since the clock may be too coarse for a few of them.
func (p *pace) waited() {
	now := time.Now()
	p.limit = 4 * p.steps
	if took := now.Sub(p.since); took > 0 {
		p.limit = min(p.limit, int(float64(p.steps)*float64(p.interval)/float64(took)))
	}
	p.limit = max(p.limit, 1)
	p.since, p.steps = now, 0
}
