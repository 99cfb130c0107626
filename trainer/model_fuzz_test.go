package trainer

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
	"github.com/clprop/clprop/trainer/safetensors"
)

// Whatever a model file holds, loading it is an error of one line that names it, or a model
// that can be used and saved, and takes no more memory than the rule for all readers
// allows, 4 × the file + 1 MiB. The same file as weights alone.
func FuzzLoadModel(f *testing.F) {
	net, err := NewNetwork(NetworkConfig{Sizes: []int{2, 3, 2}, Seed: 1})
	if err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(f.TempDir(), "m")
	m := &Model{Network: net, Classes: []string{"a", "b"}}
	table, err := data.ReadCSV("-", data.Options{Stdin: strings.NewReader("x,y,k\n1,2,a\n3,4,b\n2,1,a\n")})
	if err != nil {
		f.Fatal(err)
	}
	if m.Preprocess, err = table.Fit(nil, data.FitOptions{}); err != nil {
		f.Fatal(err)
	}
	for _, save := range []func(string) error{m.Save, net.SaveWeights} {
		if err := save(path); err != nil {
			f.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	for _, text := range []string{`{"sizes":[2147483647,2147483647],"hidden":"relu","loss":"mse"}`, `{"sizes":[],"hidden":"","loss":""}`} {
		var b bytes.Buffer
		if err := safetensors.Write(&b, &safetensors.File{Metadata: map[string]string{keyVersion: "1", keyArchitecture: text}}); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		m, err := loadWithin(t, len(content), func() (*Model, error) { return LoadModel(path) })
		if err == nil {
			if err := m.Save(path); err != nil {
				t.Fatalf("loaded, and cannot be saved: %v", err)
			}
		} else if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), path) {
			t.Fatalf("error %q", err)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		net, err := loadWithin(t, len(content), func() (*Network, error) { return LoadWeights(path, device.ReLU, "") })
		if err == nil {
			if err := net.Check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// loadWithin loads what may take 4 × size bytes and 1 MiB.
func loadWithin[T any](t *testing.T, size int, load func() (T, error)) (T, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	loaded, err := load()
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4*uint64(size)+1<<20 {
		t.Fatalf("%d bytes for a file of %d", grown, size)
	}
	return loaded, err
}

// Metadata of many short texts, which take several times their length in memory, are
// refused by their length.
func TestModelMemory(t *testing.T) {
	net := newNetwork(t, NetworkConfig{Sizes: []int{2, 3}, Seed: 1})
	for _, key := range []string{keyArchitecture, keyClasses, keyPreprocess, keyMeta} {
		file, err := (&Model{Network: net}).encode()
		if err != nil {
			t.Fatal(err)
		}
		file.Metadata[key] = "[" + strings.Repeat(`"",`, 3<<20) + `""]`
		path := filepath.Join(t.TempDir(), "m")
		var b bytes.Buffer
		if err := safetensors.Write(&b, file); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err = loadWithin(t, b.Len(), func() (*Model, error) { return LoadModel(path) })
		if !errors.Is(err, ErrModel) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
