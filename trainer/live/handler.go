package live

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/clprop/clprop/trainer/report"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("").Funcs(template.FuncMap{
	"style": func() template.CSS { return report.Style },
	"left": func(seconds float64) string {
		return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
	},
}).Parse(pageText))

// policy forbids the page to load or run anything but what is in it.
const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"

// interval is how often who looks is told of changes.
const interval = time.Second

// writeTimeout is how long one event may take to write, to a browser that is there.
const writeTimeout = 5 * time.Second

// Handler answers the requests that the package's description lists.
func (r *Run) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		r.answer(w, "text/html; charset=utf-8", func(b *bytes.Buffer) error {
			s := r.State()
			body, err := s.body()
			if err != nil {
				return err
			}
			return page.ExecuteTemplate(b, "page", struct {
				State
				Body template.HTML
			}{s, template.HTML(body)})
		})
	})
	mux.HandleFunc("GET /state.json", func(w http.ResponseWriter, _ *http.Request) {
		r.answer(w, "application/json", func(b *bytes.Buffer) error { return json.NewEncoder(b).Encode(r.State()) })
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, q *http.Request) {
		select {
		case r.seen <- struct{}{}:
			defer func() { <-r.seen }()
			r.events(w, q)
		default:
			http.Error(w, fmt.Sprintf("%d browsers look already: close one", maxWatchers), http.StatusServiceUnavailable)
		}
	})
	return mux
}

// answer writes what make makes.
func (r *Run) answer(w http.ResponseWriter, kind string, make func(*bytes.Buffer) error) {
	var b bytes.Buffer
	if err := make(&b); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	headers(w, kind)
	w.Write(b.Bytes()) // a browser that is gone needs no answer
}

func headers(w http.ResponseWriter, kind string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}

// events tells a browser of changes until training is over or the browser gone.
func (r *Run) events(w http.ResponseWriter, q *http.Request) {
	headers(w, "text/event-stream")
	out := http.NewResponseController(w)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	drawn := -1
	for over := false; ; {
		s, version := r.now()
		var b bytes.Buffer
		html, err := s.head()
		if err == nil {
			err = event(&b, "head", html)
		}
		if err == nil && version != drawn {
			drawn = version
			if html, err = s.body(); err == nil {
				err = event(&b, "body", html)
			}
		}
		if over {
			b.WriteString("event: end\ndata: 0\n\n")
		}
		if err != nil || out.SetWriteDeadline(time.Now().Add(writeTimeout)) != nil {
			return
		}
		if _, err := w.Write(b.Bytes()); err != nil || out.Flush() != nil || over {
			return
		}
		select {
		case <-tick.C:
		case <-r.over:
			over = true
		case <-q.Context().Done():
			return
		}
	}
}

// event writes HTML of a part of the page as an event.
func event(b *bytes.Buffer, part, html string) error {
	text, err := json.Marshal(html) // in one line
	fmt.Fprintf(b, "event: %s\ndata: %s\n\n", part, text)
	return err
}

// head is the HTML of the numbers of now.
func (s State) head() (string, error) {
	var html strings.Builder
	err := page.ExecuteTemplate(&html, "head", s)
	return html.String(), err
}

// body is the HTML of what epochs came to.
func (s State) body() (string, error) {
	var html strings.Builder
	err := (&report.Report{
		Settings: s.Settings, Epochs: s.History, Classes: s.Classes, Confusion: s.Confusion, Set: s.Set, Unfinished: true,
	}).Body(&html)
	return html.String(), err
}
