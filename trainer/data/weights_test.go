package data

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func weighted(t *testing.T, text string, opts Options) (*Table, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "w.csv")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return ReadCSV(path, opts)
}

// A column of weights is no input, goes along with its rows, and may be absent where a
// model exists.
func TestWeights(t *testing.T) {
	table, err := weighted(t, "w,x,class\n1,5,a\n0.5,6,b\n0,7,a\n2,8,b\n", Options{Weights: "w"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := table.Fit(nil, FitOptions{})
	if err != nil || len(p.Columns) != 1 || p.Columns[0].Name != "x" {
		t.Fatalf("%+v, %v", p, err)
	}
	set, err := table.Set(p)
	if err != nil || !slices.Equal(set.Weights, []float32{1, 0.5, 0, 2}) {
		t.Fatalf("%v, %v", set, err)
	}
	if got := set.Subset([]int{3, 1}).Weights; !slices.Equal(got, []float32{2, 0.5}) {
		t.Errorf("subset %v", got)
	}
	other, err := weighted(t, "x,class\n1,a\n2,b\n", Options{Weights: "w"})
	if err != nil {
		t.Fatal(err)
	}
	if set, err := other.Set(p); err != nil || set.Weights != nil {
		t.Errorf("without the column: %v, %v", set, err)
	}
}

func TestBadWeights(t *testing.T) {
	for want, text := range map[string]string{
		`line 3, column "w": "-1" is no weight`:    "w,x,class\n1,5,a\n-1,6,b\n",
		`line 2, column "w": "" is no weight`:      "w,x,class\n,5,a\n1,6,b\n",
		`line 3, column "w": "1e+39" is no weight`: "w,x,class\n1,5,a\n1e39,6,b\n",
		`no weight column "w"`:                     "v,x,class\n1,5,a\n1,6,b\n",
		`"w" is label and weight`:                  "x,w\n1,5\n1,6\n",
	} {
		table, err := weighted(t, text, Options{Weights: "w"})
		if err == nil {
			var p *Preprocess
			if p, err = table.Fit(nil, FitOptions{}); err == nil {
				_, err = table.Set(p)
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
