package serve

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

// BenchmarkServe is requests of one row over connections on this machine that stay open:
// one at a time, and from eight clients at once; p99 is of the time that one takes.
//
//	go test -run - -bench Serve -benchtime 30s ./trainer/serve
func BenchmarkServe(b *testing.B) {
	for _, sizes := range [][]int{{20, 64, 3}, {784, 2048, 2048, 10}} {
		for _, wait := range []time.Duration{0, time.Millisecond} {
			for _, clients := range []int{1, 8} {
				b.Run(fmt.Sprintf("net=%d-%d/wait=%v/clients=%d", sizes[0], sizes[1], wait, clients), func(b *testing.B) {
					load(b, sizes, wait, clients)
				})
			}
		}
	}
}

// BenchmarkDecode reads a request of a row of 784 pixels: in one go, with care, and as float32.
func BenchmarkDecode(b *testing.B) {
	d, err := newDecoder(&data.Preprocess{Classes: []string{"a", "b"}, Image: &data.Image{Width: 28, Height: 28, Scale: 1. / 255}}, 1)
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	text, floats := []byte(`{"rows":[[0`), make([]byte, 4)
	for range 783 {
		pixel := r.IntN(256)
		text = fmt.Appendf(text, ",%d", pixel)
		floats = binary.LittleEndian.AppendUint32(floats, math.Float32bits(float32(pixel)))
	}
	text = append(text, "]]}"...)
	for _, c := range []struct {
		name   string
		body   []byte
		binary bool
	}{{"numbers", text, false}, {"cells", bytes.Replace(text, []byte("0"), []byte(`"0"`), 1), false}, {"float32", floats, true}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, rows, err := d.decode(bytes.NewReader(c.body), int64(len(c.body)), c.binary); err != nil || rows != 1 {
					b.Fatal(rows, err)
				}
			}
		})
	}
}

func load(b *testing.B, sizes []int, wait time.Duration, clients int) {
	eng, err := device.Open("auto")
	if err != nil {
		b.Fatal(err)
	}
	n, err := trainer.NewNetwork(trainer.NetworkConfig{Sizes: sizes, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	p, body := &data.Preprocess{}, []byte(`{"rows":[[0`)
	for i := range sizes[0] {
		p.Columns = append(p.Columns, data.Column{Name: fmt.Sprint("c", i), Kind: data.Number, Std: 1})
		if i > 0 {
			body = fmt.Appendf(body, ",%d", i%256)
		}
	}
	body = append(body, "]]}"...)
	for k := range sizes[len(sizes)-1] {
		p.Classes = append(p.Classes, fmt.Sprint(k))
	}
	_, handler := newServer(b, &trainer.Model{Network: n, Preprocess: p, Classes: p.Classes}, eng, Options{MaxWait: wait})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go server.Serve(listener)
	defer server.Close()
	url := "http://" + listener.Addr().String() + "/v1/predict"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	post := func() error {
		r, err := client.Post(url, "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if _, err := io.Copy(io.Discard, r.Body); err != nil || r.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d: %v", r.StatusCode, err)
		}
		return nil
	}
	for range 20 { // the first ones compile kernels
		if err := post(); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	times := make([][]time.Duration, clients)
	var left atomic.Int64
	left.Store(int64(b.N))
	var done sync.WaitGroup
	for c := range clients {
		done.Go(func() {
			for left.Add(-1) >= 0 {
				began := time.Now()
				if err := post(); err != nil {
					b.Error(err)
					return
				}
				times[c] = append(times[c], time.Since(began))
			}
		})
	}
	done.Wait()
	b.StopTimer()
	all := slices.Concat(times...)
	slices.Sort(all)
	if len(all) > 0 {
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "requests/s")
	}
}
