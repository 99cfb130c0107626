package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// lines is a writer that a test can wait on for text.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// served runs clprop serve until the test ends, and returns the address of /v1/predict.
// stop ends it, with the signal as a cause, and returns the exit code.
func served(t *testing.T, args ...string) (url string, stop func(os.Signal) int, stderr *lines) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	stderr = &lines{}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"serve", "--addr", "127.0.0.1:0"}, args...), strings.NewReader(""), io.Discard, stderr)
	}()
	address := regexp.MustCompile(`served at (http://\S+),`)
	for range 3000 {
		if found := address.FindStringSubmatch(stderr.String()); found != nil {
			return found[1], func(s os.Signal) int { cancel(signalError{s}); return <-code }, stderr
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it does not say where it listens: %s", stderr)
	return "", nil, nil
}

type predictions struct {
	Predictions []struct {
		Label         string
		Probabilities map[string]float64
		Values        map[string]float64
	}
}

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(text)
}

// What is served is what predict says, of tables with gaps, of quantities and of images,
// by name and by position.
func TestServeAsPredict(t *testing.T) {
	table := model(t, "--data", write(t, "coast.csv", coast(60)), "--drop", "id", "--missing", "median", "--unseen", "zero", "--epochs", "5")
	price := strings.Replace(strings.NewReplacer("rose", "1.5", "iris", "20", "lily", "7").Replace(flowers(60)), "species", "price", 1)
	quantity := model(t, "--data", write(t, "price.csv", price), "--task", "regression", "--epochs", "3")
	pictures := model(t, "--data", idxFolderOf(t, 40, 10))
	image := write(t, "pictures", images(2))
	for _, c := range []struct{ model, csv, flag, rows string }{
		{table, "mass,site\n11,north\n44,west\n,\n41.5,south\n", "--data",
			`{"mass":11,"site":"north","extra":[1]},{"site":"west","mass":44},{"mass":null,"site":null},{"mass":"41.5","site":"so\u0075th"}`},
		{table, "mass,site\n11,north\n", "--data", `[11,"north"]`},
		{quantity, "length,width\n1.5,2\n20.25,0\n", "--data", `[1.5,2],[2.025e1,0]`},
		{pictures, "", "--images", `[0,0,0,255],[255,1,1,255]`},
	} {
		from := image
		if c.flag == "--data" {
			from = write(t, "rows.csv", c.csv)
		}
		want := clprop(t, "predict", "--device", "cpuref", "--model", c.model, c.flag, from).succeeded(t).stdout
		url, stop, _ := served(t, c.model, "--device", "cpuref")
		status, text := post(t, url, `{"rows":[`+c.rows+`]}`)
		if code := stop(syscall.SIGTERM); code != exitOK || status != http.StatusOK {
			t.Fatalf("exit code %d, status %d: %s", code, status, text)
		}
		var got predictions
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		samePredictions(t, got, want)
	}
}

// samePredictions compares with the CSV of predict.
func samePredictions(t *testing.T, got predictions, want string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(want)).ReadAll()
	if err != nil || len(rows) != len(got.Predictions)+1 {
		t.Fatalf("%d predictions (%v), want\n%s", len(got.Predictions), err, want)
	}
	for i, p := range got.Predictions {
		for k, head := range rows[0] {
			cell := rows[i+1][k]
			value, ok := p.Label, cell == p.Label
			if name, found := strings.CutPrefix(head, "p_"); found {
				value, ok = near(cell, p.Probabilities[name])
			} else if name, found := strings.CutPrefix(head, "predicted_"); found {
				value, ok = near(cell, p.Values[name])
			}
			if !ok {
				t.Errorf("row %d: %s is %s, predict says %s", i+1, head, value, cell)
			}
		}
	}
}

// near reports whether a number is what a cell has, but for the rounding of products that
// are added up in batches of another size: some tens of terms.
func near(cell string, x float64) (text string, ok bool) {
	want, err := strconv.ParseFloat(cell, 64)
	return strconv.FormatFloat(x, 'g', -1, 64), err == nil && math.Abs(x-want) <= 64*0x1p-24*max(1, math.Abs(want))
}

func TestServeRefuses(t *testing.T) {
	m := model(t, "--data", write(t, "flowers.csv", flowers(30)), "--epochs", "1")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, exitUsage, "need one model, have 0"},
		{[]string{m, "--addr", "x"}, exitUsage, `--addr "x": need HOST:PORT`},
		{[]string{m, "--queue", "0"}, exitUsage, "--queue 0: need more than 0"},
		{[]string{m, "--batch-sizes", "8,0"}, exitUsage, "--batch-sizes: 0: need 1 to"},
		{[]string{m, "--max-wait", "-1s"}, exitUsage, "--max-wait is -1s"},
		{[]string{filepath.Join(t.TempDir(), "none")}, exitBadFile, "make one with 'clprop train'"},
		{[]string{m, "--device", "cpuref", "--addr", "127.0.0.1:99999"}, exitFailure, "--addr 127.0.0.1:99999"},
	} {
		if o := clprop(t, append([]string{"serve"}, c.args...)...); o.code != c.code || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%v: %+v, want %d, %q", c.args, o, c.code, c.want)
		}
	}
	url, stop, stderr := served(t, m, "--device", "cpuref", "--max-rows", "2")
	if status, text := post(t, url, `{"rows":[[1,2],[1,2],[1,2]]}`); status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", status, text)
	}
	if code := stop(os.Interrupt); code != exitOK || !strings.Contains(stderr.String(), "stopping: answering what was taken") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
