package serve

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// histogram counts values by upper bound, as Prometheus's text format wants them.
type histogram struct {
	bounds []float64
	counts []uint64 // of values up to each bound and above the one before, and the rest
	sum    float64
}

func newHistogram(bounds ...float64) histogram {
	return histogram{bounds: bounds, counts: make([]uint64, len(bounds)+1)}
}

func (h *histogram) add(v float64) {
	i, _ := slices.BinarySearch(h.bounds, v)
	h.counts[i]++
	h.sum += v
}

func (h *histogram) write(b *strings.Builder, name, help string) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name)
	total := uint64(0)
	for i, n := range h.counts {
		bound := "+Inf"
		if total += n; i < len(h.bounds) {
			bound = strconv.FormatFloat(h.bounds[i], 'g', -1, 64)
		}
		fmt.Fprintf(b, "%s_bucket{le=%q} %d\n", name, bound, total)
	}
	fmt.Fprintf(b, "%s_sum %v\n%s_count %d\n", name, h.sum, name, total)
}

// metrics counts what the server did.
type metrics struct {
	mu       sync.Mutex
	requests map[int]uint64 // by status
	rows     uint64
	latency  histogram
	batches  histogram
}

func newMetrics() *metrics {
	return &metrics{
		requests: map[int]uint64{},
		latency:  newHistogram(.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10),
		batches:  newHistogram(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
	}
}

// request counts a request for predictions.
func (m *metrics) request(status, rows int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[status]++
	m.rows += uint64(rows)
	m.latency.add(took.Seconds())
}

// batch counts what went to the device at once.
func (m *metrics) batch(rows int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.batches.add(float64(rows))
}

// write writes all of it, with the requests that wait.
func (m *metrics) write(w io.Writer, waiting int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	b.WriteString("# HELP clprop_requests_total Requests for predictions, by status.\n# TYPE clprop_requests_total counter\n")
	var statuses []int
	errors := uint64(0)
	for status, n := range m.requests {
		statuses = append(statuses, status)
		if status >= 400 {
			errors += n
		}
	}
	slices.Sort(statuses)
	for _, status := range statuses {
		fmt.Fprintf(&b, "clprop_requests_total{code=\"%d\"} %d\n", status, m.requests[status])
	}
	fmt.Fprintf(&b, "# HELP clprop_errors_total Requests that got no prediction.\n# TYPE clprop_errors_total counter\nclprop_errors_total %d\n", errors)
	fmt.Fprintf(&b, "# HELP clprop_rows_total Rows predicted.\n# TYPE clprop_rows_total counter\nclprop_rows_total %d\n", m.rows)
	fmt.Fprintf(&b, "# HELP clprop_queue_length Requests that wait.\n# TYPE clprop_queue_length gauge\nclprop_queue_length %d\n", waiting)
	m.batches.write(&b, "clprop_batch_rows", "Rows that went to the device at once.")
	m.latency.write(&b, "clprop_request_duration_seconds", "Time from a request's header to its answer.")
	_, err := io.WriteString(w, b.String())
	return err
}
