package data

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
)

// TestRealFiles reads data sets of Debian packages, where they are installed, as
// far as training would. The numbers of rows and of inputs are those that the
// sets' own documentation gives.
func TestRealFiles(t *testing.T) {
	const (
		sklearn = "/usr/lib/python3/dist-packages/sklearn/datasets/data/" // python3-sklearn
		fann    = "/usr/share/doc/libfann-dev/examples/datasets/"         // libfann-doc
		weka    = "/usr/share/doc/weka/examples/"                         // weka
		penguin = "/usr/lib/R/site-library/palmerpenguins/extdata/"       // r-cran-palmerpenguins
	)
	for _, c := range []struct {
		path           string
		opts           Options
		rows, features int
		classes        []string // nil for regression
		outputs        int
	}{
		{sklearn + "iris.csv", Options{}, 150, 4, []string{"setosa", "versicolor", "virginica"}, 3},
		{sklearn + "wine_data.csv", Options{}, 178, 13, []string{"class_0", "class_1", "class_2"}, 3},
		{sklearn + "breast_cancer.csv", Options{}, 569, 30, []string{"benign", "malignant"}, 2},
		{sklearn + "digits.csv.gz", Options{}, 1797, 64, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, 10},
		{sklearn + "diabetes_data_raw.csv.gz", Options{Task: Regression}, 442, 9, nil, 1},
		{fann + "mushroom.train", Options{}, 4062, 125, []string{"y0", "y1"}, 2},
		{fann + "two-spiral.train", Options{}, 193, 2, []string{"0", "1"}, 2},
		{fann + "building.train", Options{}, 2104, 14, nil, 3},
		{weka + "iris.arff", Options{}, 150, 4, []string{"Iris-setosa", "Iris-versicolor", "Iris-virginica"}, 3},
		{weka + "weather.nominal.arff", Options{}, 14, 10, []string{"no", "yes"}, 2},
		{weka + "cpu.arff", Options{}, 209, 6, nil, 1},
		{weka + "ReutersCorn-train.arff", Options{}, 1554, 0, nil, 0}, // a text in each row: no category
		{penguin + "penguins.csv", Options{Label: "species"}, 344, 10, []string{"Adelie", "Chinstrap", "Gentoo"}, 3},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			raw, err := Read(c.path, c.opts)
			if errors.Is(err, fs.ErrNotExist) {
				raw, err = Read(c.path+".gz", c.opts)
			}
			if errors.Is(err, fs.ErrNotExist) {
				t.Skip("not installed")
			}
			if err != nil {
				t.Fatal(err)
			}
			if raw.Rows() != c.rows {
				t.Errorf("%d rows, want %d", raw.Rows(), c.rows)
			}
			train, _, err := raw.Split(nil, 0.2, 1)
			if c.features == 0 {
				if err == nil {
					_, err = raw.Fit(train, FitOptions{})
				}
				if !errors.Is(err, ErrFormat) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			p, err := raw.Fit(train, FitOptions{Missing: Median})
			if err != nil {
				t.Fatal(err)
			}
			if p.Features() != c.features || p.Outputs() != c.outputs || !slices.Equal(p.Classes, c.classes) {
				t.Errorf("%d inputs, %d outputs, classes %q, want %d, %d, %q", p.Features(), p.Outputs(), p.Classes, c.features, c.outputs, c.classes)
			}
			if _, err := raw.Set(p); err != nil {
				t.Error(err)
			}
		})
	}
}
