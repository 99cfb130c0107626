package serve

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

// newModel is a model of mass, which may be missing, and site.
func newModel(t testing.TB, loss device.Loss, outputs int) *trainer.Model {
	t.Helper()
	n, err := trainer.NewNetwork(trainer.NetworkConfig{Sizes: []int{3, 4, outputs}, Loss: loss, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	m := &trainer.Model{Network: n, Preprocess: &data.Preprocess{Columns: []data.Column{
		{Name: "mass", Kind: data.Number, Mean: 2, Std: 3, Missing: data.Mean, Fill: 2},
		{Name: "site", Kind: data.Category, Categories: []string{"east", "west"}},
	}}}
	if loss.Regression() {
		m.Preprocess.Targets = []data.Column{{Name: "a \"b\"", Kind: data.Number, Std: 2, Mean: 1}}
	} else {
		m.Preprocess.Classes = []string{"auk", "owl", "tit"}[:max(2, outputs)]
		m.Classes, m.Preprocess.MultiLabel = m.Preprocess.Classes, loss.MultiLabel()
	}
	return m
}

// newServer is a server that the test ends.
func newServer(t testing.TB, m *trainer.Model, eng device.Engine, options Options) (*Server, http.Handler) {
	t.Helper()
	s, err := New(m, eng, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if err := eng.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, s.Handler()
}

// ask sends a request to a handler.
func ask(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

// Outputs that are not numbers are of no class: the row is refused.
func TestOutputsThatAreNoNumbers(t *testing.T) {
	for loss, outputs := range map[device.Loss]int{device.SoftmaxCrossEntropy: 3, device.MultiLabelCrossEntropy: 3, device.SigmoidCrossEntropy: 1} {
		m := newModel(t, loss, outputs)
		// Of the row (mass −1/6, east 1, west 0) each hidden unit is 5/6 and 1 times the largest
		// number there is, which is ∞, and an output a sum of ∞ and −∞.
		hidden, last := m.Network.Layers[0], m.Network.Layers[1]
		for i := range hidden.W {
			hidden.W[i] = math.MaxFloat32
		}
		for i := range hidden.B {
			hidden.B[i] = math.MaxFloat32
		}
		for i := range last.W {
			last.W[i] = float32(1 - 2*(i%2))
		}
		_, h := newServer(t, m, device.OpenReference(), Options{})
		w := ask(h, "POST", "/v1/predict", good)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `request: row 1: the outputs of the model are not numbers`) || !strings.Contains(w.Body.String(), `"row":1`) {
			t.Errorf("%s: %d %s", loss, w.Code, w.Body)
		}
	}
}

const good = `{"rows":[{"mass":1.5,"site":"east"}]}`

func TestRequests(t *testing.T) {
	_, h := newServer(t, newModel(t, device.SoftmaxCrossEntropy, 3), device.OpenReference(), Options{MaxRows: 3, MaxBody: 400})
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/v1/predict", good, 200, `{"predictions":[{"label":"`},
		{"POST", "/v1/predict", `{"rows":[[null,"west"],[1,"east"],["NA","east"]]}`, 200, `"probabilities":{"auk":`},
		{"POST", "/v1/predict", `{"rows":[[1,"west"],[1,"north"]]}`, 400, `"row":2,"column":"site"`},
		{"POST", "/v1/predict", `{"rows":[{"mass":1,"site":"west"},{"mass":"heavy","site":"west"}]}`, 400, `"row":2,"column":"mass"`},
		{"POST", "/v1/predict", `{"rows":[{"mass":1e999,"site":"west"}]}`, 400, `not a finite number`},
		{"POST", "/v1/predict", `{"rows":[{"mass":1}]}`, 400, `"row":1,"column":"site"`},
		{"POST", "/v1/predict", `{"rows":[{"mass":{},"site":"west"}]}`, 400, `"row":1,"column":"mass"`},
		{"POST", "/v1/predict", `{"rows":[[1,"west"],[1]]}`, 400, `request: row 2: 1 values: the model takes 2`},
		{"POST", "/v1/predict", `{"rows":[[1,"west"],{"mass":1}]}`, 400, `request: row 2: not an array`},
		{"POST", "/v1/predict", `{"rows":[{"mass":1,"site":"west"},7]}`, 400, `request: row 2: not an object`},
		{"POST", "/v1/predict", `{"rows":[null]}`, 400, `request: row 1: not an array`},
		{"POST", "/v1/predict", `{"rows":[]}`, 400, `no rows`},
		{"POST", "/v1/predict", `{"rows":7}`, 400, `number is not what is due here`},
		{"POST", "/v1/predict", `{"lines":[]}`, 400, `unknown field`},
		{"POST", "/v1/predict", `{"rows":[`, 400, `the body ends early`},
		{"POST", "/v1/predict", ``, 400, `the body ends early`},
		{"POST", "/v1/predict", `x`, 400, `not JSON`},
		{"POST", "/v1/predict", good + good, 400, `after top-level value`},
		{"POST", "/v1/predict", `{"rows":[[1,"west"]],"rows":[]}`, 400, `rows is there twice`},
		{"POST", "/v1/predict", `{}`, 400, `no rows`},
		{"POST", "/v1/predict", `[[1,"west"]]`, 400, `array is not what is due here`},
		{"POST", "/v1/predict", `{"rows":[[1,"west",2]]}`, 400, `request: row 1: 3 values: the model takes 2`},
		{"POST", "/v1/predict", `{"rows":[[[1],"west"]]}`, 400, `request: row 1: value 1: an object or array is no value`},
		{"POST", "/v1/predict", `{"rows":[[NaN,"west"]]}`, 400, `not JSON: invalid character 'N'`},
		{"POST", "/v1/predict", strings.Repeat("[", 300), 400, `the body ends early`},
		{"POST", "/v1/predict", `{"rows":[[1,"east"],[1,"east"],[1,"east"],[1,"east"]]}`, 413, `too many rows`},
		{"POST", "/v1/predict", `{"rows":["` + strings.Repeat("x", 400) + `"]}`, 413, `too large`},
		{"GET", "/v1/predict", "", 405, `need POST`},
		{"POST", "/metrics", "", 405, `need GET`},
		{"GET", "/healthz", "", 200, `{"status":"ok"}`},
		{"GET", "/", "", 404, `/v1/predict`},
	} {
		w := ask(h, c.method, c.path, c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s %s: %d %s, want %d, %s", c.method, c.path, c.body, w.Code, w.Body, c.status, c.want)
		}
		var message struct{ Error struct{ Message string } }
		if err := json.Unmarshal(w.Body.Bytes(), &message); err != nil || (message.Error.Message == "") != (c.status == 200) || strings.Contains(message.Error.Message, "\n") {
			t.Errorf("%s: %v, %q", w.Body, err, message.Error.Message)
		}
		if c.status == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", c.method, c.path)
		}
	}
	got := ask(h, "GET", "/metrics", "").Body.String()
	for _, want := range []string{
		"clprop_requests_total{code=\"200\"} 2\n", "clprop_requests_total{code=\"413\"} 2\n", "clprop_requests_total{code=\"405\"} 1\n",
		"clprop_errors_total 26\n", "clprop_rows_total 4\n", "clprop_queue_length 0\n",
		"clprop_batch_rows_bucket{le=\"1\"} 1\n", "clprop_batch_rows_bucket{le=\"4\"} 2\n", "clprop_batch_rows_sum 4\n", "clprop_batch_rows_count 2\n",
		"clprop_request_duration_seconds_bucket{le=\"+Inf\"} 28\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("metrics lack %q:\n%s", want, got)
		}
	}
}

// Rows of numbers are read in one go, or with care, and float32 as they are: to the same answer.
func TestFormsOfNumbers(t *testing.T) {
	m := newModel(t, device.SoftmaxCrossEntropy, 3)
	m.Preprocess.Columns = []data.Column{
		{Name: "a", Kind: data.Number, Mean: 2, Std: 3, Missing: data.Mean, Fill: 1.5}, {Name: "b", Kind: data.Number, Std: 1}, {Name: "c", Kind: data.Number, Std: 1},
	}
	s, h := newServer(t, m, device.OpenReference(), Options{MaxRows: 2, MaxBody: 100})
	body := `{"rows":[[1.5,-2,0.25],[3e2,4,12345678901]]}`
	if _, rows, ok := s.decoder.numbers([]byte(body)); !ok || rows != 2 {
		t.Errorf("%s is not read in one go", body)
	}
	want := ask(h, "POST", "/v1/predict", body)
	if want.Code != 200 || strings.Count(want.Body.String(), "label") != 2 {
		t.Fatalf("%d %s", want.Code, want.Body)
	}
	for _, same := range []string{
		` { "rows" : [ [ 1.5, -2 , 0.25 ] ,` + "\n" + `[300,4.0,1.2345678901e10] ] } `,
		`{"rows":[{"c":0.25,"a":null,"b":-2},{"b":4,"c":12345678901,"a":"300"}]}`,
	} {
		if got := ask(h, "POST", "/v1/predict", same); got.Body.String() != want.Body.String() {
			t.Errorf("%s: %s, want %s", same, got.Body, want.Body)
		}
	}
	floats := func(x ...float32) *httptest.ResponseRecorder {
		var b bytes.Buffer
		if err := binary.Write(&b, binary.LittleEndian, x); err != nil {
			t.Fatal(err)
		}
		r, w := httptest.NewRequest("POST", "/v1/predict", &b), httptest.NewRecorder()
		r.Header.Set("Content-Type", "application/octet-stream")
		h.ServeHTTP(w, r)
		return w
	}
	if got := floats(float32(math.NaN()), -2, 0.25, 300, 4, 12345678901); got.Body.String() != ask(h, "POST", "/v1/predict", `{"rows":[[1.5,-2,0.25],[300,4,12345678848]]}`).Body.String() {
		t.Errorf("float32: %s, want %s", got.Body, want.Body)
	}
	// A body that ends before the length that its header says is refused, even between two rows.
	r, w := httptest.NewRequest("POST", "/v1/predict", cutShort(make([]byte, 12))), httptest.NewRecorder()
	r.Header.Set("Content-Type", "application/octet-stream")
	if h.ServeHTTP(w, r); w.Code != 400 || !strings.Contains(w.Body.String(), "the body ends early") {
		t.Errorf("a row of float32 that is not the last: %d %s", w.Code, w.Body)
	}
	for status, x := range map[int][]float32{400: {1, 2}, 413: make([]float32, 9)} {
		if got := floats(x...); got.Code != status || !strings.HasPrefix(got.Body.String(), `{"error":{"message":"request: `) {
			t.Errorf("%d float32: %d %s, want status %d", len(x), got.Code, got.Body, status)
		}
	}
}

// cutShort is a body whose sender left after so much of it.
func cutShort(b []byte) io.Reader {
	return io.MultiReader(bytes.NewReader(b), iotest.ErrReader(io.ErrUnexpectedEOF))
}

func TestAnswers(t *testing.T) {
	for loss, want := range map[device.Loss]string{
		device.SigmoidCrossEntropy: `{"predictions":[{"label":"auk","probabilities":{"auk":0.75,"owl":0.25}},{"label":"owl","probabilities":{"auk":0,"owl":1}}]}`,
		device.Hinge:               `{"predictions":[{"label":"owl","scores":{"auk":-0.25,"owl":0.25}},{"label":"owl","scores":{"auk":-1,"owl":1}}]}`,
		device.MeanSquaredError:    `{"predictions":[{"values":{"a \"b\"":1.5}},{"values":{"a \"b\"":3}}]}`,
	} {
		a, err := newAnswer(newModel(t, loss, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(a.encode(nil, []float32{0.25, 1})); got != want+"\n" {
			t.Errorf("%s: %s", loss, got)
		}
	}
}

// Of several labels at once those above ½ are listed, and none may be.
func TestAnswersOfLabels(t *testing.T) {
	a, err := newAnswer(newModel(t, device.MultiLabelCrossEntropy, 3))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"predictions":[{"labels":["auk","tit"],"probabilities":{"auk":0.75,"owl":0.5,"tit":1}},{"labels":[],"probabilities":{"auk":0,"owl":0.25,"tit":0.5}}]}`
	if got := string(a.encode(nil, []float32{0.75, 0.5, 1, 0, 0.25, 0.5})); got != want+"\n" {
		t.Errorf("%s", got)
	}
}

// gate is an engine whose results wait until it is opened, or fail.
type gate struct {
	device.Engine
	entered chan struct{} // a value whenever a result is waited for
	open    chan struct{}
	err     error
}

func newGate(err error) *gate {
	return &gate{device.OpenReference(), make(chan struct{}, 100), make(chan struct{}), err}
}

func (g *gate) Read(dst []float32, src device.Matrix, row int) error {
	g.entered <- struct{}{}
	<-g.open
	if g.err != nil {
		return g.err
	}
	return g.Engine.Read(dst, src, row)
}

// While the device is busy, requests gather, and then go to it together; those above the
// queue's length are turned away.
func TestBatchesAndFullQueue(t *testing.T) {
	g := newGate(nil)
	s, h := newServer(t, newModel(t, device.SoftmaxCrossEntropy, 3), g, Options{Queue: 5})
	var asked sync.WaitGroup
	codes := make(chan int, 10)
	send := func() {
		asked.Go(func() { codes <- ask(h, "POST", "/v1/predict", good).Code })
	}
	send()
	<-g.entered
	for range 5 {
		send()
	}
	for len(s.batcher.queue) < 5 {
		time.Sleep(time.Millisecond)
	}
	w := ask(h, "POST", "/v1/predict", good)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "too many requests") {
		t.Errorf("full queue: %d %v %s", w.Code, w.Header(), w.Body)
	}
	close(g.open)
	asked.Wait()
	for range 6 {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("status %d", code)
		}
	}
	if got := ask(h, "GET", "/metrics", "").Body.String(); !strings.Contains(got, "clprop_batch_rows_count 2\n") || !strings.Contains(got, "clprop_batch_rows_bucket{le=\"8\"} 2\n") {
		t.Errorf("not one batch of 1 and one of 5:\n%s", got)
	}
}

// A request of more rows than a batch has, and ones that do not fit into one together.
func TestLargeRequests(t *testing.T) {
	_, h := newServer(t, newModel(t, device.SoftmaxCrossEntropy, 3), device.OpenReference(), Options{BatchSizes: []int{2, 4}, MaxWait: time.Millisecond})
	one := ask(h, "POST", "/v1/predict", good).Body.String()
	prediction := strings.TrimSuffix(strings.TrimPrefix(one, `{"predictions":[`), "]}\n")
	var asked sync.WaitGroup
	for n := 1; n <= 11; n++ {
		asked.Go(func() {
			body := `{"rows":[` + strings.Repeat(`[1.5,"east"],`, n-1) + `[1.5,"east"]]}`
			got := ask(h, "POST", "/v1/predict", body).Body.String()
			// The reference computes each row by itself: the bits are the same.
			if strings.Count(got, prediction) != n {
				t.Errorf("%d rows: %s", n, got)
			}
		})
	}
	asked.Wait()
}

// A request that takes too long gets its answer in time, and its rows are not computed
// when their turn comes.
func TestTimeout(t *testing.T) {
	g := newGate(nil)
	s, h := newServer(t, newModel(t, device.SoftmaxCrossEntropy, 3), g, Options{Timeout: 200 * time.Millisecond})
	for range 3 {
		if w := ask(h, "POST", "/v1/predict", good); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "deadline") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/v1/predict", strings.NewReader(good)).WithContext(ctx))
	if w.Code != 499 {
		t.Errorf("a client that is gone: %d %s", w.Code, w.Body)
	}
	close(g.open)
	s.Close()
	if got := ask(h, "GET", "/metrics", "").Body.String(); !strings.Contains(got, "clprop_batch_rows_count 1\n") {
		t.Errorf("abandoned rows were computed:\n%s", got)
	}
}

// Close answers what waits, and refuses what comes.
func TestClose(t *testing.T) {
	g := newGate(nil)
	s, h := newServer(t, newModel(t, device.SoftmaxCrossEntropy, 3), g, Options{})
	var asked sync.WaitGroup
	send := func() {
		asked.Go(func() {
			if w := ask(h, "POST", "/v1/predict", good); w.Code != http.StatusOK {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	send()
	<-g.entered // alone in its batch: the others have to wait
	for range 3 {
		send()
	}
	for len(s.batcher.queue) < 3 {
		time.Sleep(time.Millisecond)
	}
	close(g.open)
	asked.Wait()
	s.Close()
	for _, path := range []string{"POST /v1/predict", "GET /healthz"} {
		method, path, _ := strings.Cut(path, " ")
		if w := ask(h, method, path, good); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "stopping") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestDeviceFails(t *testing.T) {
	g := newGate(errors.New("the device is gone"))
	close(g.open)
	s, h := newServer(t, newModel(t, device.SoftmaxCrossEntropy, 3), g, Options{})
	if s.Err() != nil {
		t.Error(s.Err())
	}
	for range 2 {
		if w := ask(h, "POST", "/v1/predict", good); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "the device is gone") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	<-s.Failed()
	if w := ask(h, "GET", "/healthz", ""); w.Code != http.StatusServiceUnavailable || !errors.Is(s.Err(), g.err) {
		t.Errorf("%d %s, %v", w.Code, w.Body, s.Err())
	}
}

func TestNewRefuses(t *testing.T) {
	m := newModel(t, device.SoftmaxCrossEntropy, 3)
	m.Preprocess = nil
	eng := device.OpenReference()
	defer eng.Close()
	if _, err := New(m, eng, Options{}); err == nil {
		t.Error("a model without preprocessing was taken")
	}
	if _, err := New(newModel(t, device.SoftmaxCrossEntropy, 3), eng, Options{BatchSizes: []int{0}}); err == nil {
		t.Error("batches of 0 were taken")
	}
}

// What is read in one go is JSON, and has the inputs that reading with care finds.
func FuzzNumbers(f *testing.F) {
	for _, body := range []string{`{"rows":[[1,2,3]]}`, `{"rows": [[1.5, -2, 0], [3e2, 0.1, 123456789.25]]}`, `{"rows":[[01,2,3]]}`, `{"rows":[[1,2,3]]}x`, "{\"rows\":[[1,2,3]]}\x00"} {
		f.Add(body)
	}
	m := newModel(f, device.SoftmaxCrossEntropy, 3)
	m.Preprocess.Columns = []data.Column{{Name: "a", Kind: data.Number, Mean: 2, Std: 3}, {Name: "b", Kind: data.Number, Std: 1}, {Name: "c", Kind: data.Number, Std: 1}}
	d, err := newDecoder(m.Preprocess, 50)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		x, rows, ok := d.numbers([]byte(body))
		if !ok {
			return
		}
		s := scanner{text: []byte(body)}
		list, err := s.rows()
		if err != nil || !json.Valid([]byte(body)) {
			t.Fatalf("%q: %v", body, err)
		}
		want, n, err := d.inputs(list)
		if err != nil || n != rows || !slices.Equal(x, want) {
			t.Errorf("%q: %v, want %v (%v)", body, x, want, err)
		}
	})
}

// Whatever is asked, the answer is JSON, and good rows get a prediction each.
func FuzzRequest(f *testing.F) {
	for _, body := range []string{good, `{"rows":[[null,"west"],["\u0031",true]]}`, `{"rows":[[1e400,"x"]]}`, `{"rows":[{}]}`, `[]`} {
		f.Add(body)
	}
	_, h := newServer(f, newModel(f, device.SoftmaxCrossEntropy, 3), device.OpenReference(), Options{MaxRows: 50})
	f.Fuzz(func(t *testing.T, body string) {
		w := ask(h, "POST", "/v1/predict", body)
		var answer struct {
			Predictions []any
			Error       *struct{ Message string }
		}
		text, err := io.ReadAll(w.Body)
		if err != nil || json.Unmarshal(text, &answer) != nil || w.Code >= 500 || (w.Code == 200) != (len(answer.Predictions) > 0) || (w.Code == 200) != (answer.Error == nil) {
			t.Errorf("%q: %d %s", body, w.Code, text)
		}
	})
}
