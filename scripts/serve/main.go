// Command serve measures 'clprop serve': requests of one row over connections on this
// machine that stay open, one at a time, and from several clients at once.
//
//	go run ./scripts/serve                 two nets, 30 s each way, a table in Markdown
//	go run ./scripts/serve -seconds 5 -clients 16
//	go run ./scripts/serve -url http://127.0.0.1:8080/v1/predict -features 784   a server that is there
//
// It builds clprop, trains a step of each net to have a model, and serves it in a process of
// its own, with no flags but a port. The client, which shares the machine's cores with the
// server, writes bytes made before and reads no more of an answer than it must.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// network is what is measured.
type network struct {
	name     string
	features int
	train    []string // flags
}

var networks = []network{
	{"64-64-10", 64, []string{"--hidden", "64"}}, // on the digits that come with clprop
	{"784-2048-2048-10", 784, []string{"--data", "/usr/share/datasets/fashion-mnist", "--hidden", "2048,2048"}},
}

func main() {
	seconds := flag.Float64("seconds", 30, "how long each way is measured")
	clients := flag.Int("clients", 8, "clients at once")
	address := flag.String("url", "", "a server that is there")
	features := flag.Int("features", 784, "values of a row that it takes")
	flag.Parse()
	fmt.Println("| net | clients | requests/s | p50 ms | p99 ms | errors | × one client |\n|---|---|---|---|---|---|---|")
	var err error
	if *address != "" {
		err = measure(network{name: *address, features: *features}, *address, *clients, *seconds)
	} else {
		err = all(*clients, *seconds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// all measures each of networks.
func all(clients int, seconds float64) error {
	folder, err := os.MkdirTemp("", "clprop-serve-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	clprop := filepath.Join(folder, "clprop")
	if out, err := exec.Command("go", "build", "-o", clprop, "./cmd/clprop").CombinedOutput(); err != nil {
		return fmt.Errorf("building clprop: %w: %s", err, out)
	}
	for _, n := range networks {
		model := filepath.Join(folder, n.name)
		args := append([]string{"train", "--quiet", "--epochs", "1", "--max-steps", "1", "--out", model}, n.train...)
		if out, err := exec.Command(clprop, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("training %s: %w: %s", n.name, err, out)
		}
		if err := served(clprop, model, n, clients, seconds); err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
	}
	return nil
}

// served measures a model that it serves.
func served(clprop, model string, n network, clients int, seconds float64) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	cmd := exec.CommandContext(ctx, clprop, "serve", model, "--addr", "127.0.0.1:0")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	said, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		found := regexp.MustCompile(`served at (http://\S+),`).FindStringSubmatch(lines.Text())
		if found == nil {
			continue
		}
		go io.Copy(io.Discard, said)
		err = measure(n, found[1], clients, seconds)
		stop()
		if ended := cmd.Wait(); !errors.Is(ended, context.Canceled) { // which says that it was stopped and ended well
			err = errors.Join(err, ended)
		}
		return err
	}
	return fmt.Errorf("it did not start: %w", cmd.Wait())
}

// measure prints a line for one client, and one for several.
func measure(n network, address string, clients int, seconds float64) error {
	at, err := url.Parse(address)
	if err != nil {
		return err
	}
	request := newRequest(at, n.features)
	if r := load(at.Host, request, clients, 0.5); r.failed != nil { // the first ones compile kernels
		return r.failed
	}
	one := load(at.Host, request, 1, seconds)
	many := load(at.Host, request, clients, seconds)
	for _, r := range []result{one, many} {
		fmt.Printf("| %s | %d | %.0f | %.2f | %.2f | %d | %.2f |\n", n.name, r.clients, r.rate(), r.quantile(50), r.quantile(99), r.errors, r.rate()/one.rate())
	}
	return errors.Join(one.failed, many.failed)
}

// newRequest is a request of one row.
func newRequest(at *url.URL, features int) []byte {
	values := make([]string, features)
	for i := range values {
		values[i] = strconv.Itoa(i * 37 % 256)
	}
	body := `{"rows":[[` + strings.Join(values, ",") + `]]}`
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", at.Path, at.Host, len(body), body)
}

// result is what came of a load.
type result struct {
	clients int
	took    time.Duration
	times   []time.Duration // of a request, ascending
	errors  int
	failed  error // the first error
}

func (r result) rate() float64 { return float64(len(r.times)) / r.took.Seconds() }

// quantile is what percent of the requests took at most, in milliseconds.
func (r result) quantile(percent int) float64 {
	if len(r.times) == 0 {
		return 0
	}
	return float64(r.times[(len(r.times)-1)*percent/100].Microseconds()) / 1000
}

// load sends request after request from each of clients.
func load(host string, request []byte, clients int, seconds float64) result {
	results := make([]result, clients)
	began := time.Now()
	end := began.Add(time.Duration(seconds * float64(time.Second)))
	var done sync.WaitGroup
	for c := range clients {
		done.Go(func() { results[c] = client(host, request, end) })
	}
	done.Wait()
	all := result{clients: clients, took: time.Since(began)}
	for _, r := range results {
		all.times = append(all.times, r.times...)
		all.errors += r.errors
		if all.failed == nil {
			all.failed = r.failed
		}
	}
	slices.Sort(all.times)
	return all
}

// client sends requests on one connection, one after the other, until end or an error.
func client(host string, request []byte, end time.Time) (r result) {
	c, err := net.Dial("tcp", host)
	if err != nil {
		return result{errors: 1, failed: err}
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for time.Now().Before(end) {
		began := time.Now()
		if _, err = c.Write(request); err == nil {
			err = answer(in)
		}
		if err != nil {
			return result{times: r.times, errors: 1, failed: err}
		}
		r.times = append(r.times, time.Since(began))
	}
	return r
}

// answer reads an answer.
func answer(in *bufio.Reader) error {
	length := 0
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return fmt.Errorf("the answer is %q", line)
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
		if len(line) == 2 {
			_, err := in.Discard(length)
			return err
		}
	}
}
