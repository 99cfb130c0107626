package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// What Load accepts can be drawn and saved again, and what it takes in memory is bounded
// by the size of the file, whatever is in it.
func FuzzLoad(f *testing.F) {
	text, err := json.Marshal(example())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"Classes":["a","b"],"Confusion":[[1,2],[3,4]],"Mistakes":[{"Actual":0,"Predicted":1}]}`))
	f.Add([]byte(`{"Epochs":[{"Epoch":1,"Loss":1e308},{"Epoch":1,"Loss":-1e308}]}`))
	path := filepath.Join(f.TempDir(), File)
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := Load(path)
		runtime.ReadMemStats(&after)
		// An empty row of a matrix is 3 bytes and takes 24, in a slice that doubles; a mistake
		// is 2 and takes 56.
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 128*uint64(len(text))+1<<20 {
			t.Fatalf("%d bytes for a file of %d", grown, len(text))
		}
		if err != nil {
			if !errors.Is(err, ErrReport) {
				t.Fatalf("%v is no ErrReport", err)
			}
			return
		}
		var b bytes.Buffer
		if err := r.HTML(&b, "run", nil); err != nil {
			t.Fatalf("loaded, and cannot be drawn: %v", err)
		}
		if err := r.Save(path); err != nil {
			t.Fatalf("loaded, and cannot be saved: %v", err)
		}
	})
}
