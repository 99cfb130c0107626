package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// unpackFashion writes the held part of Fashion-MNIST, unpacked, and returns its images.
func unpackFashion(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"} {
		f, err := os.Open("/usr/share/datasets/fashion-mnist/" + name + ".gz")
		if os.IsNotExist(err) {
			t.Skip("no Fashion-MNIST: ", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "t10k-images-idx3-ubyte")
}

// Images that stay in their file make the same model, byte for byte, also when it is gone on
// with in memory.
func TestMap(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files are read there")
	}
	images := unpackFashion(t)
	var models [2][]byte
	for i, args := range [][]string{{"--map", "always", "--resident", "no"}, {"--map", "never"}} {
		run := filepath.Join(t.TempDir(), "run")
		args = append([]string{"train", "--device", "cpuref", "--data", images, "--hidden", "8", "--epochs", "2",
			"--batch-size", "500", "--max-steps", "20", "--run", run}, args...)
		clprop(t, args...).succeeded(t)
		var err error
		if models[i], err = os.ReadFile(filepath.Join(run, runModel)); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			clprop(t, "train", "--device", "cpuref", "--resume", run, "--map", "never").succeeded(t)
		}
	}
	// Metadata says how long it took: weights are what is behind it.
	weights := func(model []byte) []byte { return model[len(model)-4*(784*8+8+8*10+10):] }
	if !bytes.Equal(weights(models[0]), weights(models[1])) {
		t.Error("other weights")
	}
	if o := clprop(t, "train", "--map", "some"); o.code != exitUsage {
		t.Errorf("exit %d, stderr %q", o.code, o.stderr)
	}
}
