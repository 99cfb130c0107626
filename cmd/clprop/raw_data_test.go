package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// coast is a table as it comes: gaps, categories, a column that says nothing.
func coast(rows int) string {
	var b strings.Builder
	b.WriteString("id;mass;site;kind\r\n")
	for i := range rows {
		mass, site := fmt.Sprint(10+i%5), []string{"north", "south", ""}[i%3]
		if i%2 == 1 {
			mass = fmt.Sprint(40 + i%7)
		}
		if i%11 == 0 {
			mass = "NA"
		}
		fmt.Fprintf(&b, "%d;%s;\"%s\";%s\r\n", i, mass, site, []string{"auk", "owl"}[i%2])
	}
	return "\ufeff" + b.String()
}

// TestRawTable: from a file with gaps to predictions about raw files of other
// columns in another order, as the model's policy says.
func TestRawTable(t *testing.T) {
	path := write(t, "coast.csv", coast(120))
	test := write(t, "test.csv", coast(30))
	lenient := model(t, "--data", path, "--drop", "id", "--missing", "median", "--unseen", "zero", "--epochs", "60", "--test-data", test, "--val-data", test)
	strict := model(t, "--data", write(t, "whole.csv", strings.NewReplacer("NA", "25", `""`, "east").Replace(coast(120))), "--drop", "id", "--epochs", "1")

	const raw = "site,note,mass\nnorth,x,11\nwest,,45\n,y,NaN\nsouth,z,44\n"
	got := clpropWith(t, t.Context(), raw, "predict", "--device", "cpuref", "--model", lenient, "--data", "-").succeeded(t).stdout
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != 5 || lines[0] != "predicted,p_auk,p_owl" || !strings.HasPrefix(lines[1], "auk,") ||
		!strings.HasPrefix(lines[2], "owl,") || !strings.HasPrefix(lines[4], "owl,") {
		t.Errorf("predictions\n%s", got)
	}
	for text, want := range map[string]string{
		raw:                              `-: line 3, column "site": category "west" is not one that the model knows: "east", "north", "south"`,
		"site,mass\nnorth,1\nsouth,?\n":  `-: line 3, column "mass": the value is missing: fill it in, or leave the row or the column out`,
		"site\nnorth\n":                  `-: line 1, column "mass": the model needs this column and the file does not have it: it has "site"`,
		"site,mass\nnorth,1\n\neast,1x2": `-: line 4, column "mass": "1x2" is not a finite number, as the model needs`,
	} {
		o := clpropWith(t, t.Context(), text, "predict", "--device", "cpuref", "--model", strict, "--data", "-")
		if o.code != exitBadFile || !strings.Contains(o.stderr, want) || o.stdout != "" {
			t.Errorf("%q: exit code %d, stderr %s", text, o.code, o.stderr)
		}
	}

	// Parts held back of one file, packed.
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(coast(120))); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	o := clprop(t, "train", "--device", "cpuref", "--quiet", "--json", "--epochs", "1", "--out", filepath.Join(t.TempDir(), "m"),
		"--data", write(t, "coast.csv.gz", b.String()), "--missing", "0", "--val-split", "0.25", "--test-split", "0.1")
	var v trainJSON
	unpack(t, o.succeeded(t).stdout, &v)
	if v.Data.Train != 81 || v.Data.Validation != 27 || v.Data.Test != 12 || v.Test == nil || v.Test.Count != 12 {
		t.Errorf("%+v", v.Data)
	}
}

func TestImageFolderAndOtherFormats(t *testing.T) {
	dir := t.TempDir()
	for i := range 24 {
		part := "train"
		if i >= 16 {
			part = "test"
		}
		folder := filepath.Join(dir, part, []string{"dark", "light"}[i%2])
		m := image.NewGray(image.Rect(0, 0, 4, 4))
		for k := range m.Pix {
			m.Pix[k] = uint8(180*(i%2) + 3*k)
		}
		m.Set(i%4, 1, color.Gray{uint8(i)})
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.png", i)), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	m := model(t, "--data", dir, "--image-size", "2x2", "--epochs", "40", "--val-split", "0")
	var v evaluateJSON
	unpack(t, clprop(t, "evaluate", "--device", "cpuref", "--model", m, "--data", dir, "--json").succeeded(t).stdout, &v)
	if v.Count != 8 || v.Accuracy != 1 {
		t.Errorf("%d test images, accuracy %v, want 8 and 1", v.Count, v.Accuracy)
	}
	got := clprop(t, "predict", "--device", "cpuref", "--model", m, "--data", filepath.Join(dir, "test", "light")).succeeded(t).stdout
	if strings.Count(got, "\nlight,") != 4 {
		t.Errorf("predictions\n%s", got)
	}

	for name, text := range map[string]string{
		"x.svm":  strings.Repeat("+1 1:3 4:1\n-1 2:3\n", 20),
		"x.fann": "40 2 2\n" + strings.Repeat("1 0\n1 0\n0 1\n0 1\n", 20),
		"x.arff": "@relation x\n@attribute a real\n@attribute k {u,v}\n@data\n" + strings.Repeat("1,u\n0,v\n", 20),
	} {
		path := write(t, name, text)
		m := model(t, "--data", path, "--epochs", "30")
		var v evaluateJSON
		unpack(t, clprop(t, "evaluate", "--device", "cpuref", "--model", m, "--data", path, "--json").succeeded(t).stdout, &v)
		if v.Count != 40 || v.Accuracy != 1 {
			t.Errorf("%s: %d examples, accuracy %v, want 40 and 1", name, v.Count, v.Accuracy)
		}
		if got := clprop(t, "predict", "--device", "cpuref", "--model", m, "--data", path).succeeded(t).stdout; strings.Count(got, "\n") != 41 {
			t.Errorf("%s: predictions\n%s", name, got)
		}
	}
}
