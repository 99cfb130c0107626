package live

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/report"
)

func newRun() *Run {
	return New("run <1>", 4, []trainer.Epoch{{Epoch: 1, Loss: 3}}, false, []report.Setting{{Name: "--lr", Value: "0.1"}})
}

// get asks a handler.
func get(t *testing.T, h http.Handler, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestState(t *testing.T) {
	r := newRun()
	// Half of epoch 2 in 5 s: 2.5 epochs are left, 25 s; a little more passes in the test.
	r.Batch(trainer.Progress{Epoch: 2, Epochs: 4, Step: 1, Steps: 2, Examples: 50, Loss: 0.5, Accuracy: 0.75, Rate: 0.1, Elapsed: 5 * time.Second})
	r.Epoch(trainer.Epoch{Epoch: 2, Loss: 2})
	r.Epoch(trainer.Epoch{Epoch: 3, Loss: 9})
	before := r.State()
	r.Epoch(trainer.Epoch{Epoch: 2, Loss: 1.5}) // training went back
	r.Confusion("validation", []string{"a", "b"}, [][]int{{1, 2}, {3, 4}})
	w := get(t, r.Handler(), "GET", "/state.json")
	var s State
	if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	if s.Schema != Schema || s.Phase != Training || s.Epoch != 2 || s.Epochs != 4 || s.Loss != 0.5 || s.Accuracy != 0.75 || s.SamplesPerSecond != 10 {
		t.Errorf("%+v", s)
	}
	if s.SecondsLeft < 25 || s.SecondsLeft > 60 {
		t.Errorf("%v s left, want 25", s.SecondsLeft)
	}
	if len(s.History) != 2 || s.History[1].Loss != 1.5 || len(before.History) != 3 || before.History[1].Loss != 2 {
		t.Errorf("history %v, before %v", s.History, before.History)
	}
	if s.Confusion[1][0] != 3 || s.Classes[1] != "b" || s.Set != "validation" {
		t.Errorf("%+v", s)
	}
	r.Batch(trainer.Progress{Epoch: 2, Epochs: 4, Step: 2, Steps: 2, Examples: 100, Loss: math.Inf(1), Elapsed: time.Second})
	if w := get(t, r.Handler(), "GET", "/state.json"); w.Code != 200 {
		t.Errorf("an infinite loss: %d %s", w.Code, w.Body)
	}
}

func TestLeft(t *testing.T) {
	for _, c := range []struct {
		took             time.Duration
		from, done, last float64
		want             time.Duration
	}{
		{10 * time.Second, 0, 1, 4, 30 * time.Second},
		{10 * time.Second, 5, 6, 8, 20 * time.Second}, // a run that goes on
		{time.Second, 0, 0, 4, 0},
		{time.Second, 2, 2, 4, 0},
	} {
		if got := Left(c.took, c.from, c.done, c.last); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// The page names nothing elsewhere, and has no text of a run as HTML.
func TestPage(t *testing.T) {
	h := newRun().Handler()
	w := get(t, h, "GET", "/")
	text := w.Body.String()
	for _, part := range []string{"run &lt;1&gt;", "starting", "prefers-color-scheme", "EventSource"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in %s", part, text)
		}
	}
	for _, bad := range []string{"<1>", "http:", "https:", "@import", "ZgotmplZ"} {
		if strings.Contains(text, bad) {
			t.Errorf("it has %q", bad)
		}
	}
	if p := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'") {
		t.Errorf("policy %q", p)
	}
	for path, status := range map[string]int{"/x": 404, "/state.json": 200} {
		if w := get(t, h, "GET", path); w.Code != status {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := get(t, h, "POST", "/"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

// event reads the next event of a stream.
func nextEvent(t *testing.T, in *bufio.Reader) (name, html string) {
	t.Helper()
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			return name, html
		}
		if rest, ok := strings.CutPrefix(line, "event: "); ok {
			name = rest
		}
		if rest, ok := strings.CutPrefix(line, "data: "); ok && name != "end" {
			if err := json.Unmarshal([]byte(rest), &html); err != nil {
				t.Fatalf("%q: %v", rest, err)
			}
		}
	}
}

// Who looks is told what there is, what is new, and the end.
func TestEvents(t *testing.T) {
	r := newRun()
	server := httptest.NewServer(r.Handler())
	defer server.Close()
	answer, err := http.Get(server.URL + "/events")
	if err != nil || answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(answer, err)
	}
	defer answer.Body.Close()
	in := bufio.NewReader(answer.Body)
	if name, html := nextEvent(t, in); name != "head" || !strings.Contains(html, "starting") {
		t.Errorf("%s: %s", name, html)
	}
	if name, html := nextEvent(t, in); name != "body" || !strings.Contains(html, `class="a"`) || !strings.Contains(html, "<td>--lr</td><td>0.1</td>") {
		t.Errorf("%s: %s", name, html)
	}
	if !r.Watched() {
		t.Error("nobody looks")
	}
	r.Epoch(trainer.Epoch{Epoch: 2, Loss: 1})
	r.Confusion("held <back>", []string{"cat", "dog"}, [][]int{{17, 0}, {0, 1}})
	r.End(Finished, "test accuracy <99%>")
	r.End(Failed, "again")
	for {
		name, html := nextEvent(t, in)
		if name == "body" && !(strings.Contains(html, ">17</td>") && strings.Contains(html, "held &lt;back&gt;")) {
			t.Errorf("body: %s", html)
		}
		if name == "head" && strings.Contains(html, "finished") && !strings.Contains(html, "test accuracy &lt;99%&gt;") {
			t.Errorf("head: %s", html)
		}
		if name == "end" {
			break
		}
	}
	if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
		t.Errorf("after the end: %q, %v", rest, err)
	}
}

// So many may look, and no more, until one goes.
func TestWatchersAreBounded(t *testing.T) {
	r := newRun()
	server := httptest.NewServer(r.Handler())
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	look := func(ctx context.Context) int {
		q, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		return answer.StatusCode
	}
	first, leave := context.WithCancel(ctx)
	look(first)
	for range maxWatchers - 1 {
		if code := look(ctx); code != 200 {
			t.Fatal(code)
		}
	}
	if code := look(ctx); code != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", code)
	}
	leave()
	for code := 0; code != 200; code = look(ctx) {
		time.Sleep(10 * time.Millisecond)
	}
}
