package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/trainer/live"
)

// training is clprop train --serve on its way: the page's address, and its exit code to come.
func servedTraining(t *testing.T, ctx context.Context, args ...string) (url string, code chan int, stderr *lines) {
	t.Helper()
	stderr, code = &lines{}, make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"train", "--device", "cpuref", "--hidden", "8", "--serve=:0", "--out"}, args...), strings.NewReader(""), io.Discard, stderr)
	}()
	address := regexp.MustCompile(`live +(http://127\.0\.0\.1:\d+/) `)
	for {
		if found := address.FindStringSubmatch(stderr.String()); found != nil {
			return found[1], code, stderr
		}
		select {
		case c := <-code:
			t.Fatalf("exit code %d: %s", c, stderr)
		case <-time.After(time.Millisecond):
		}
	}
}

// While it trains there is a page for who asks this machine, and who looks is told the end.
func TestTrainServe(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	url, code, stderr := servedTraining(t, ctx, filepath.Join(t.TempDir(), "m"), "--epochs", "1000000")
	answer, err := http.Get(url + "events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	q, err := http.NewRequest("GET", url+"state.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{"localhost": 200, "evil.example": 421} {
		q.Host = host
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		r.Body.Close()
		var s live.State
		if err != nil || r.StatusCode != want || want == 200 && (json.Unmarshal(text, &s) != nil || s.Schema != live.Schema || len(s.Settings) < 10) {
			t.Errorf("%s: %d %s, %v", host, r.StatusCode, text, err)
		}
	}
	var events strings.Builder
	for !strings.Contains(events.String(), "Confusion matrix") {
		if _, err := io.CopyN(&events, answer.Body, 1); err != nil {
			t.Fatal(err, events.String())
		}
	}
	cancel(signalError{os.Interrupt})
	rest, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(rest), "stopped by signal: interrupt") || !strings.HasSuffix(string(rest), "event: end\ndata: 0\n\n") {
		t.Errorf("%v: %.3000s", err, rest)
	}
	if c := <-code; c != 130 {
		t.Fatalf("exit code %d: %s", c, stderr)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("the page is there after the end")
	}
}

// Looking changes no bit of what is trained.
func TestTrainServedIsTheSame(t *testing.T) {
	folder := t.TempDir()
	served, alone := filepath.Join(folder, "served"), filepath.Join(folder, "alone")
	url, code, stderr := servedTraining(t, t.Context(), served, "--epochs", "20")
	if answer, err := http.Get(url + "events"); err == nil { // else it is over already
		if text, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(text), "finished") || !strings.Contains(string(text), "test accuracy") {
			t.Errorf("%v: %.3000s", err, text)
		}
		answer.Body.Close()
	}
	if c := <-code; c != exitOK {
		t.Fatalf("exit code %d: %s", c, stderr)
	}
	clprop(t, "train", "--device", "cpuref", "--hidden", "8", "--epochs", "20", "--out", alone).succeeded(t)
	got, want := tensors(t, served), tensors(t, alone)
	if len(want) != 4 {
		t.Fatalf("%d tensors", len(want))
	}
	for name := range want {
		if !slices.Equal(got[name], want[name]) {
			t.Errorf("%s is another one with --serve", name)
		}
	}
}

func TestTrainServeRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	out := filepath.Join(t.TempDir(), "m")
	for value, want := range map[string]struct {
		code int
		text string
	}{
		"8090":                  {exitUsage, `--serve "8090": need HOST:PORT`},
		taken.Addr().String():   {exitFailure, "choose another port"},
		"no.such.host.invalid:": {exitFailure, "--serve no.such.host.invalid:"},
	} {
		if o := clprop(t, "train", "--device", "cpuref", "--epochs", "1", "--out", out, "--serve="+value); o.code != want.code || !strings.Contains(o.stderr, want.text) {
			t.Errorf("%s: %+v", value, o)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("it trained")
	}
	o := clprop(t, "train", "--device", "cpuref", "--epochs", "1", "--out", out, "--serve=0.0.0.0:0").succeeded(t)
	if !strings.Contains(o.stderr, "others on the network can reach") || !strings.Contains(o.stderr, "http://localhost:") {
		t.Error(o.stderr)
	}
}

// A client that sends its header or its body a little at a time is turned away when time is
// up, and the others are answered meanwhile.
func TestSlowClients(t *testing.T) {
	handler := http.NewServeMux()
	handler.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusRequestTimeout)
		}
	})
	e := &env{stderr: io.Discard}
	server := e.newHTTPServer(handler)
	if server.ReadHeaderTimeout <= 0 || server.ReadTimeout <= 0 || server.WriteTimeout <= 0 || server.IdleTimeout <= 0 || server.MaxHeaderBytes <= 0 {
		t.Fatalf("something is not bounded: %+v", server)
	}
	server.ReadHeaderTimeout, server.ReadTimeout = time.Second, 2*time.Second // long, for these bound the good clients too
	listener, err := e.listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	defer server.Close()
	ended := make(chan string, 2)
	for _, start := range []string{"POST / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"} {
		c, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		go func() {
			for _, err := io.WriteString(c, start); err == nil; _, err = io.WriteString(c, "a") {
				time.Sleep(10 * time.Millisecond)
			}
		}()
		go func() {
			c.SetReadDeadline(time.Now().Add(time.Minute))
			answer, _ := io.ReadAll(c) // it ends by a reset
			ended <- strings.SplitN(string(answer), "\r\n", 2)[0]
		}()
	}
	answered := 0
	var failed error // of a good client, which tries again: the machine may stall, and its connection be closed
	for closed := 0; closed < 2; {
		select {
		case status := <-ended:
			if status != "" && !strings.HasPrefix(status, "HTTP/1.1 40") { // 400 or 408
				t.Errorf("status %q", status)
			}
			closed++
		case <-time.After(10 * time.Millisecond):
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			q, err := http.NewRequestWithContext(ctx, "GET", "http://"+listener.Addr().String(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if r, err := http.DefaultClient.Do(q); err != nil {
				failed = err
			} else {
				r.Body.Close()
				answered++
			}
			cancel()
		}
	}
	if answered < 2 {
		t.Errorf("%d others were answered meanwhile: %v", answered, failed)
	}
}
