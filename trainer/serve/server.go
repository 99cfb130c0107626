package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

// Options bound what a server takes. A field that is 0 has its default.
type Options struct {
	// BatchSizes are the numbers of rows that go to the device at once; default 8, 64, 256.
	BatchSizes []int
	// MaxWait is how long requests wait at most for others to go with; default none. They
	// wait no longer than a batch takes, see the package's description.
	MaxWait time.Duration
	// Queue is how many requests may wait; default 256.
	Queue int
	// MaxRows of a request; default 4096.
	MaxRows int
	// MaxBody is the bytes of a request; default 8 MiB.
	MaxBody int64
	// Timeout is how long a request may take once its header is read; default 10 s.
	Timeout time.Duration
}

// DefaultOptions are those of a zero Options.
func DefaultOptions() Options {
	return Options{BatchSizes: []int{8, 64, 256}, Queue: 256, MaxRows: 4096, MaxBody: 8 << 20, Timeout: 10 * time.Second}
}

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	if len(o.BatchSizes) == 0 {
		o.BatchSizes = d.BatchSizes
	}
	o.Queue, o.MaxRows = cmp.Or(o.Queue, d.Queue), cmp.Or(o.MaxRows, d.MaxRows)
	o.MaxBody, o.Timeout = cmp.Or(o.MaxBody, d.MaxBody), cmp.Or(o.Timeout, d.Timeout)
	return o
}

// Server predicts with one model on one engine.
type Server struct {
	model   *trainer.Model
	options Options
	trainer *trainer.Trainer
	batcher *batcher
	metrics *metrics
	decoder *decoder
	answer  *answer
}

// New prepares m for predictions on eng, which belongs to the Server until Close, and is
// then the caller's to close.
func New(m *trainer.Model, eng device.Engine, options Options) (*Server, error) {
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	if m.Preprocess == nil {
		return nil, errors.New("serve: the model does not say how raw data becomes its inputs")
	}
	options = options.withDefaults()
	a, err := newAnswer(m)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	d, err := newDecoder(m.Preprocess, options.MaxRows)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	t, err := trainer.New(m.Network, eng)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	p, err := t.NewPredictor(options.BatchSizes...)
	if err != nil {
		t.Close()
		return nil, fmt.Errorf("serve: %w", err)
	}
	s := &Server{model: m, options: options, trainer: t, metrics: newMetrics(), decoder: d, answer: a}
	s.batcher = &batcher{
		predictor: p, features: m.Network.Sizes[0], outputs: m.Network.Sizes[len(m.Network.Sizes)-1],
		maxWait: options.MaxWait, queue: make(chan *job, options.Queue), metrics: s.metrics,
		stopped: make(chan struct{}), failed: make(chan struct{}),
	}
	for _, size := range options.BatchSizes {
		s.batcher.largest = max(s.batcher.largest, size)
	}
	go s.batcher.run()
	return s, nil
}

// Close answers what waits, refuses what comes, and gives back the engine's memory.
func (s *Server) Close() {
	s.batcher.stop()
	s.batcher.predictor.Close()
	s.trainer.Close()
}

// Failed is closed when the device has failed; every request then gets status 500, and
// Err says why.
func (s *Server) Failed() <-chan struct{} { return s.batcher.failed }

// Err is why Failed is closed; nil while it is not.
func (s *Server) Err() error {
	select {
	case <-s.batcher.failed:
		return s.batcher.failure
	default:
		return nil
	}
}

// Handler answers the requests that the package's description lists.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/predict", s.predict)
	mux.HandleFunc("/healthz", only(http.MethodGet, s.health))
	mux.HandleFunc("/metrics", only(http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		s.metrics.write(w, len(s.batcher.queue)) // a client that is gone needs no answer
	}))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, http.StatusNotFound, errors.New("nothing is here: have /v1/predict, /healthz, /metrics"))
	})
	return mux
}

// only refuses other methods; HEAD goes with GET.
func only(method string, handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method && !(method == http.MethodGet && r.Method == http.MethodHead) {
			w.Header().Set("Allow", method)
			writeError(w, http.StatusMethodNotAllowed, fmt.Errorf("method %.20q: need %s", r.Method, method))
			return
		}
		handle(w, r)
	}
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	s.batcher.mu.RLock()
	stopping := s.batcher.stopping
	s.batcher.mu.RUnlock()
	switch err := s.Err(); {
	case err != nil:
		writeError(w, http.StatusServiceUnavailable, err)
	case stopping:
		writeError(w, http.StatusServiceUnavailable, ErrStopped)
	default:
		writeJSON(w, http.StatusOK, []byte("{\"status\":\"ok\"}\n"))
	}
}

// predict answers a request for predictions, and counts it.
func (s *Server) predict(w http.ResponseWriter, r *http.Request) {
	s.batcher.underway.Add(1)
	defer s.batcher.underway.Add(-1)
	began, status, rows := time.Now(), http.StatusOK, 0
	only(http.MethodPost, func(w http.ResponseWriter, r *http.Request) {
		h, n, err := s.rows(w, r)
		if err != nil {
			status = statusOf(err)
			writeError(w, status, err)
			return
		}
		rows = n
		writeJSON(w, status, s.answer.encode(nil, h))
	})(w, r)
	if r.Method != http.MethodPost {
		status = http.StatusMethodNotAllowed
	}
	s.metrics.request(status, rows, time.Since(began))
}

// rows reads a request and returns h of its rows.
func (s *Server) rows(w http.ResponseWriter, r *http.Request) (h []float32, rows int, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), s.options.Timeout)
	defer cancel()
	binary := strings.HasPrefix(r.Header.Get("Content-Type"), "application/octet-stream")
	x, rows, err := s.decoder.decode(http.MaxBytesReader(w, r.Body, s.options.MaxBody), r.ContentLength, binary)
	if err != nil {
		return nil, 0, err
	}
	h = make([]float32, rows*s.batcher.outputs)
	if err := s.batcher.predict(ctx, h, x); err != nil {
		return nil, 0, err
	}
	nan := func(v float32) bool { return v != v }
	if i := slices.IndexFunc(h, nan); i >= 0 && s.answer.quantities == nil {
		return nil, 0, bad(1+i/s.batcher.outputs, "", "the outputs of the model are not numbers: a value is too large for it")
	}
	return h, rows, nil
}

// statusOf is the status of an answer that is err.
func statusOf(err error) int {
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long), errors.Is(err, errTooMany):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, data.ErrFormat):
		return http.StatusBadRequest
	case errors.Is(err, os.ErrDeadlineExceeded): // of the connection: the body does not come
		return http.StatusRequestTimeout
	case errors.Is(err, ErrBusy), errors.Is(err, ErrStopped), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	case errors.Is(err, context.Canceled):
		return 499 // the client is gone, as nginx counts it
	}
	return http.StatusInternalServerError
}

// writeError answers with err, and the row and column that it names.
func writeError(w http.ResponseWriter, status int, err error) {
	var body struct {
		Error struct {
			Message string `json:"message"`
			Row     int    `json:"row,omitempty"`
			Column  string `json:"column,omitempty"`
		} `json:"error"`
	}
	body.Error.Message = err.Error()
	var where *data.Error
	if errors.As(err, &where) {
		body.Error.Row, body.Error.Column = where.Row, where.Column
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	text, failed := json.Marshal(body)
	if failed != nil { // a struct of texts and a number does not fail
		text = []byte(`{"error":{}}`)
	}
	writeJSON(w, status, append(text, '\n'))
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body) // a client that is gone needs no answer
}
