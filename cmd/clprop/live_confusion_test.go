package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/trainer/data"
	"github.com/clprop/clprop/trainer/live"
)

// The examples of a matrix are spread over all rows, and a set that is read anew each time has none.
func TestConfusedExamples(t *testing.T) {
	const rows = 1500
	set := &data.Set{Rows: rows, Features: 1, Outputs: 1, X: make([]float32, rows), Y: make([]float32, rows)}
	for i := range set.X {
		set.X[i] = float32(i)
	}
	got := confused(set)
	if got.Rows != confusedExamples || got.X[0] != 0 || got.X[confusedExamples-1] != rows-2 {
		t.Errorf("%d rows from %v to %v", got.Rows, got.X[0], got.X[got.Rows-1])
	}
	small := &data.Set{Rows: 3, Features: 1, X: make([]float32, 3)}
	if confused(small) != small {
		t.Error("not all rows of a small set")
	}
	if confused(&data.Set{Rows: rows, Streamed: &data.Streamed{}}) != nil {
		t.Error("rows of a stream")
	}
}

// Who looks at the training of a stream is shown the epochs, without a confusion matrix.
func TestTrainServeStream(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	path := write(t, "flowers.csv", sequence(4000))
	url, code, stderr := servedTraining(t, ctx, filepath.Join(t.TempDir(), "m"), "--data", path, "--stream", "--val-split", "0.5", "--epochs", "1000000")
	answer, err := http.Get(url + "events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	epoch := func() int {
		r, err := http.Get(url + "state.json")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var s live.State
		if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
			t.Fatal(err)
		}
		return s.Epoch
	}
	for first := epoch(); epoch() < first+3; { // epochs that ended while events were asked for
		time.Sleep(time.Millisecond)
	}
	cancel(signalError{os.Interrupt})
	if events, err := io.ReadAll(answer.Body); err != nil || strings.Contains(string(events), "Confusion matrix") || !strings.Contains(string(events), "event: end") {
		t.Errorf("%v: %.3000s", err, events)
	}
	if c := <-code; c != 130 {
		t.Fatalf("exit code %d: %s", c, stderr)
	}
}
