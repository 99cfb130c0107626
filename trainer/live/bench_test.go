package live

import (
	"fmt"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/clprop/clprop/trainer"
)

// BenchmarkBatch is what training does for the page, some ten times a second.
func BenchmarkBatch(b *testing.B) {
	r := newRun()
	for b.Loop() {
		r.Batch(trainer.Progress{Epoch: 2, Epochs: 4, Step: 1, Steps: 2, Examples: 50, Loss: 0.5, Elapsed: time.Second})
	}
}

// BenchmarkLook is what the page costs, once a second for each who looks, in the worst case:
// after each look there is another epoch.
func BenchmarkLook(b *testing.B) {
	for _, epochs := range []int{20, 1000, 100000} {
		b.Run(fmt.Sprint(epochs), func(b *testing.B) {
			r := newRun()
			for i := range epochs {
				r.Epoch(trainer.Epoch{Epoch: 2 + i, Loss: 1 / float64(i+1), Accuracy: 0.5, Validated: true, ValLoss: 2})
			}
			counts := make([][]int, 10)
			var names []string
			for i := range counts {
				counts[i] = make([]int, 10)
				names = append(names, fmt.Sprint(i))
			}
			r.Confusion("validation", names, counts)
			h := r.Handler()
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
				if _, err := io.Copy(io.Discard, w.Body); err != nil || w.Code != 200 {
					b.Fatal(w.Code, err)
				}
			}
		})
	}
}
