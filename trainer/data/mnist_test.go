package data

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLoadIDX(t *testing.T) {
	s, p, err := LoadIDX("testdata/images.idx", "testdata/labels.idx")
	if err != nil {
		t.Fatal(err)
	}
	// 51/255 = 1/5 and 102/255 = 2/5.
	if want := []float32{0, 1, 0.2, 0.4}; !slices.Equal(s.X[:4], want) {
		t.Errorf("first image %v, want %v", s.X[:4], want)
	}
	if want := []float32{0, 0, 1, 1, 0, 0, 0, 1, 0}; !slices.Equal(s.Y, want) {
		t.Errorf("Y = %v, want %v", s.Y, want)
	}
	if s.Rows != 3 || s.Features != 4 || s.Outputs != 3 || !slices.Equal(s.Classes, []string{"0", "1", "2"}) {
		t.Errorf("%d rows of %d, %d classes %v", s.Rows, s.Features, s.Outputs, s.Classes)
	}
	if *p.Image != (Image{Width: 2, Height: 2, Scale: 1.0 / 255}) || p.Features() != 4 {
		t.Errorf("preprocessing %+v", *p.Image)
	}
}

func TestLoadIDXForAModel(t *testing.T) {
	p := &Preprocess{Image: &Image{Width: 2, Height: 2, Scale: 0.5}, Classes: []string{"a", "b", "c", "d"}}
	s, err := p.LoadIDX("testdata/images.idx", "testdata/labels.idx")
	if err != nil {
		t.Fatal(err)
	}
	if s.Outputs != 4 || s.Classes[3] != "d" || s.X[1] != 127.5 || s.Label(0) != 2 {
		t.Errorf("the model's scale and classes are not used: %+v", s)
	}
	if s, err = p.LoadIDX("testdata/flat.idx", ""); err != nil || s.Y != nil || s.Rows != 3 {
		t.Errorf("without labels: %+v, %v", s, err)
	}
}

func TestLoadIDXErrors(t *testing.T) {
	table := &Preprocess{Columns: []Column{{Name: "a", Kind: Number, Std: 1}}, Classes: []string{"a", "b"}}
	big := &Preprocess{Image: &Image{Width: 28, Height: 28, Scale: 1}, Classes: []string{"a", "b"}}
	two := &Preprocess{Image: &Image{Width: 2, Height: 2, Scale: 1}, Classes: []string{"a", "b"}}
	dir := t.TempDir()
	zeros, four := filepath.Join(dir, "zeros"), filepath.Join(dir, "four")
	if err := errors.Join(
		os.WriteFile(zeros, append(idxHeader(3), 0, 0, 0), 0o666),
		os.WriteFile(four, append(idxHeader(4), 0, 1, 2, 3), 0o666)); err != nil {
		t.Fatal(err)
	}
	const images, labels = "testdata/images.idx", "testdata/labels.idx"
	for _, c := range []struct {
		p              *Preprocess
		images, labels string
		want           string
	}{
		{nil, labels, images, "labels.idx: offset 3: images: expected 3 dimensions"},
		{nil, images, images, "images.idx: offset 3: labels: expected 1 dimension, found 3"},
		{nil, images, four, "four: offset 4: expected 3 labels, one for each image of testdata/images.idx, found 4"},
		{nil, images, zeros, "all labels are 0"},
		{nil, images, "testdata/truncated.bad.idx", "truncated"},
		{table, images, labels, "the model takes a table of 1 columns, not images"},
		{big, images, labels, "expected images of height 28 and width 28, found 2 and 2"},
		{two, images, labels, "labels.idx: offset 8: label is 2: expected 0 to 1"},
	} {
		var err error
		if c.p == nil {
			_, _, err = LoadIDX(c.images, c.labels)
		} else {
			_, err = c.p.LoadIDX(c.images, c.labels)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestFindIDX(t *testing.T) {
	for _, c := range []struct {
		kind           string
		images, labels string
		more           string
	}{
		{"train", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", ""},
		{"test", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz"},
		{"train", "train-images.idx3-ubyte", "train-labels.idx1-ubyte", ""},
		{"test", "test-images-idx3-ubyte", "test-labels-idx1-ubyte", ""},
	} {
		dir := t.TempDir()
		for _, name := range []string{c.images, c.labels, c.more} {
			if name == "" {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		images, labels, err := FindIDX(dir, c.kind)
		if err != nil || images != filepath.Join(dir, c.images) || labels != filepath.Join(dir, c.labels) {
			t.Errorf("%s: found %s, %s, %v, want %s, %s", c.kind, images, labels, err, c.images, c.labels)
		}
	}
	dir := t.TempDir()
	if _, _, err := FindIDX(dir, "train"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "no file train-images-idx3-ubyte[.gz]") {
		t.Errorf("empty directory: %v", err)
	}
	if _, _, err := FindIDX(filepath.Join(dir, "none"), "train"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none") {
		t.Errorf("no directory: %v", err)
	}
	if _, _, err := FindIDX(dir, "both"); err == nil || !strings.Contains(err.Error(), `need "train" or "test"`) {
		t.Errorf("unknown kind: %v", err)
	}
}

func TestClassNames(t *testing.T) {
	for dir, want := range map[string]int{
		"/usr/share/datasets/fashion-mnist": 10, "FashionMNIST/": 10, "mnist": 0, ".": 0,
	} {
		if got := ClassNames(dir); len(got) != want {
			t.Errorf("%s: %d names, want %d", dir, len(got), want)
		}
	}
}

// fashion is where Debian's dataset-fashion-mnist puts its files.
const fashion = "/usr/share/datasets/fashion-mnist"

// TestFashionMNIST compares the real files with what their authors publish:
// 60000 and 10000 images of 28 × 28, each class equally often, and for the
// training pixels a mean of 0.2860 and a standard deviation of 0.3530.
func TestFashionMNIST(t *testing.T) {
	if _, err := os.Stat(fashion); err != nil {
		if os.Getenv("CLPROP_REQUIRE_OPENCL") == "1" {
			t.Fatalf("CLPROP_REQUIRE_OPENCL=1 means the full set-up, but: %v: install dataset-fashion-mnist", err)
		}
		t.Skipf("%v: install dataset-fashion-mnist", err)
	}
	for kind, rows := range map[string]int{"train": 60000, "test": 10000} {
		s, p, err := LoadIDXDir(fashion, kind)
		if err != nil {
			t.Fatal(err)
		}
		if s.Rows != rows || s.Features != 784 || s.Outputs != 10 || p.Image.Width != 28 || p.Image.Height != 28 {
			t.Errorf("%s: %d × %d, %d classes", kind, s.Rows, s.Features, s.Outputs)
		}
		for c, n := range classCounts(s) {
			if n != rows/10 {
				t.Errorf("%s: class %d has %d rows, want %d", kind, c, n, rows/10)
			}
		}
		if s.Classes[9] != "Ankle boot" || s.Label(0) != 9 || p.Classes[9] != "Ankle boot" {
			t.Errorf("%s: the first image is %q (%d), want an ankle boot", kind, s.Classes[s.Label(0)], s.Label(0))
		}
		if kind == "train" {
			checkMoments(t, s.X, 0.2860, 0.3530, 5e-5) // published to four decimals
		}
	}
}

func checkMoments(t *testing.T, x []float32, mean, std, tolerance float64) {
	t.Helper()
	var sum, squares float64 // values in [0, 1]: no cancellation that matters
	for _, v := range x {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	n := float64(len(x))
	m := sum / n
	s := math.Sqrt(squares/n - m*m)
	if math.Abs(m-mean) > tolerance || math.Abs(s-std) > tolerance {
		t.Errorf("mean %v and standard deviation %v, want %v and %v", m, s, mean, std)
	}
}
