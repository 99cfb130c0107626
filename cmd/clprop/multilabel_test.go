package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// fruits is a table of which a row is big above size 5, heavy above mass 5, and odd where just
// one of the two is: any number of the three labels may be 1.
func fruits(rows int) string {
	var b strings.Builder
	b.WriteString("size,mass,big,heavy,odd\n")
	for i := range rows {
		size, mass := float64(i*7%11), float64(i*5%13)
		bit := map[bool]int{true: 1}
		big, heavy := bit[size > 5], bit[mass > 5]
		fmt.Fprintf(&b, "%g,%g,%d,%d,%d\n", size, mass, big, heavy, big^heavy)
	}
	return b.String()
}

// Several labels at once, from the table to predictions: each command knows of them.
func TestSeveralLabels(t *testing.T) {
	table := write(t, "fruits.csv", fruits(143))
	run := filepath.Join(t.TempDir(), "run")
	args := []string{"--data", table, "--label", "big,heavy,odd"}
	o := clprop(t, append([]string{"train", "--device", "cpuref", "--optimizer", "adam", "--lr", "0.01", "--epochs", "150", "--hidden", "16",
		"--test-data", table, "--run", run, "--json"}, args...)...).succeeded(t)
	for _, want := range []string{"2 features, 3 labels\n", "net     2-16-3, relu, sigmoid of each label: "} {
		if !strings.Contains(o.stderr, want) {
			t.Errorf("stderr lacks %q:\n%.1000s", want, o.stderr)
		}
	}
	var trained trainJSON
	unpack(t, o.stdout, &trained)
	if trained.Network.Loss != "multilabel-cross-entropy" || trained.Network.Output != "sigmoid" || len(trained.Data.Classes) != 3 || !(trained.Test.Accuracy > 0.95) ||
		!(trained.History.Last().Accuracy > 0.9) {
		t.Errorf("%+v, %+v", trained.Network, trained.Test)
	}
	out := filepath.Join(run, "model.safetensors")

	var v evaluateJSON
	unpack(t, clprop(t, "evaluate", "--device", "cpuref", "--json", "--model", out, "--data", table).succeeded(t).stdout, &v)
	if v.Accuracy != trained.Test.Accuracy || v.Confusion != nil || v.Top != nil || len(v.Classes) != 3 || v.Classes[2].Name != "odd" ||
		v.HammingLoss == nil || *v.HammingLoss > 0.05 || *v.Threshold != 0.5 || !(v.Micro.F1 > 0.95) || !(*v.ROCAUC > 0.95) {
		t.Errorf("evaluate: %+v", v.scoresJSON)
	}
	text := clprop(t, "evaluate", "--device", "cpuref", "--model", out, "--data", table).succeeded(t).stdout
	for _, want := range []string{"test accuracy ", " (every label of ", "; Hamming loss ", "\nheavy  ", "  ROC AUC\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("evaluate lacks %q:\n%s", want, text)
		}
	}

	// Predictions are those that evaluate counts, at another threshold too.
	for _, threshold := range []float64{0.5, 0.9} {
		flag := []string{"--device", "cpuref", "--model", out, "--data", table, "--threshold", fmt.Sprint(threshold)}
		unpack(t, clprop(t, append([]string{"evaluate", "--json"}, flag...)...).succeeded(t).stdout, &v)
		rows, err := csv.NewReader(strings.NewReader(clprop(t, append([]string{"predict"}, flag...)...).succeeded(t).stdout)).ReadAll()
		if err != nil || len(rows) != 144 || strings.Join(rows[0], ",") != "predicted_big,predicted_heavy,predicted_odd,p_big,p_heavy,p_odd" {
			t.Fatalf("%v, %v", rows, err)
		}
		lines, right := strings.Split(fruits(143), "\n"), 0
		for i, row := range rows[1:] {
			for k := range 3 {
				if p, err := strconv.ParseFloat(row[3+k], 32); err != nil || (row[k] == "1") != (p > threshold) {
					t.Errorf("row %d: %v", i, row)
				}
			}
			if strings.HasSuffix(lines[i+1], ","+strings.Join(row[:3], ",")) {
				right++
			}
		}
		if math.Abs(v.Accuracy-float64(right)/143) > 1e-15 {
			t.Errorf("threshold %v: evaluate says %v, the predictions %d of 143", threshold, v.Accuracy, right)
		}
	}

	page := fileBytes(t, run, "report.html")
	for _, want := range []string{"<h2>Labels</h2>", "<td>heavy</td><td>", "every label of"} {
		if !strings.Contains(page, want) {
			t.Errorf("report.html lacks %q", want)
		}
	}
	if strings.Contains(page, "Confusion") || strings.Contains(page, "mistakes") {
		t.Error("report.html has a confusion matrix or mistakes of classes")
	}
	before := page
	clprop(t, "report", run).succeeded(t)
	if fileBytes(t, run, "report.html") != before {
		t.Error("the report made again differs")
	}
	said := clprop(t, append([]string{"inspect"}, args...)...).succeeded(t).stdout
	if !strings.Contains(said, "task: multilabel\n3 labels: big 65, heavy ") {
		t.Errorf("inspect:\n%s", said)
	}
}

// fruitsParquet is fruits in a Parquet file, as a data frame with a column of booleans has it.
func fruitsParquet(t *testing.T, rows int) string {
	t.Helper()
	type fruit struct {
		Size  float32 `parquet:"size"`
		Mass  float64 `parquet:"mass"`
		Big   bool    `parquet:"big"`
		Heavy int64   `parquet:"heavy"`
		Odd   int32   `parquet:"odd"`
	}
	table := make([]fruit, rows)
	for i := range table {
		var f fruit
		var big int
		if _, err := fmt.Sscanf(strings.Split(fruits(rows), "\n")[i+1], "%g,%g,%d,%d,%d", &f.Size, &f.Mass, &big, &f.Heavy, &f.Odd); err != nil {
			t.Fatal(err)
		}
		f.Big = big == 1
		table[i] = f
	}
	path := filepath.Join(t.TempDir(), "fruits.parquet")
	if err := parquet.WriteFile(path, table, parquet.MaxRowsPerRowGroup(25)); err != nil {
		t.Fatal(err)
	}
	return path
}

// Several quantities of a Parquet file are learned, judged and predicted as those of the table as text.
func TestQuantitiesOfParquet(t *testing.T) {
	var results [2]string
	for i, path := range []string{write(t, "fruits.csv", fruits(60)), fruitsParquet(t, 60)} {
		m := model(t, "--data", path, "--label", "mass,size", "--drop", "big", "--task", "regression", "--epochs", "3")
		results[i] = clprop(t, "predict", "--device", "cpuref", "--model", m, "--data", path).succeeded(t).stdout
		var v evaluateJSON
		unpack(t, clprop(t, "evaluate", "--device", "cpuref", "--json", "--model", m, "--data", path).succeeded(t).stdout, &v)
		if len(v.Targets) != 2 || v.Targets[0].Name != "mass" {
			t.Errorf("%+v", v.Targets)
		}
		results[i] += fmt.Sprint(v.Loss, v.Targets)
	}
	if results[0] != results[1] || !strings.HasPrefix(results[0], "predicted_mass,predicted_size\n") || strings.Count(results[0], "\n") != 61 {
		t.Errorf("of text\n%s\nof Parquet\n%s", results[0], results[1])
	}
}

// A graph of ONNX takes the labels along; search, streams and other formats know of them.
func TestSeveralLabelsElsewhere(t *testing.T) {
	table := write(t, "fruits.csv", fruits(60))
	args := []string{"--data", table, "--label", "big,heavy,odd"}
	m := model(t, append(args, "--task", "multilabel", "--loss", "sigmoid-cross-entropy", "--label-smoothing", "0.1", "--epochs", "3")...)
	folder := t.TempDir()
	graph, back := filepath.Join(folder, "m.onnx"), filepath.Join(folder, "back.safetensors")
	for _, more := range [][]string{nil, {"--preprocess"}} {
		clprop(t, append([]string{"export", m, "--to", "onnx", "-o", graph}, more...)...).succeeded(t)
		clprop(t, "import", graph, "-o", back).succeeded(t)
		var want, got evaluateJSON
		unpack(t, clprop(t, "evaluate", "--device", "cpuref", "--json", "--model", m, "--data", table).succeeded(t).stdout, &want)
		unpack(t, clprop(t, "evaluate", "--device", "cpuref", "--json", "--model", back, "--data", table).succeeded(t).stdout, &got)
		if got.Network.Loss != "multilabel-cross-entropy" || got.Accuracy != want.Accuracy || math.Abs(float64(got.Loss-want.Loss)) > 1e-5*float64(want.Loss) {
			t.Errorf("%v: loss %v, accuracy %v, want %v, %v", more, got.Loss, got.Accuracy, want.Loss, want.Accuracy)
		}
	}
	weights := filepath.Join(folder, "w.safetensors")
	clprop(t, "export", m, "--to", "safetensors", "-o", weights).succeeded(t)
	clprop(t, "import", weights, "--loss", "multilabel-cross-entropy", "--names", "big,heavy,odd", "-o", back).succeeded(t)

	arff := "@relation fruits\n@attribute size numeric\n@attribute mass numeric\n@attribute big {0,1}\n@attribute heavy {0,1}\n@attribute odd {0,1}\n@data\n" +
		strings.SplitN(fruits(60), "\n", 2)[1]
	var lines []string
	for line := range strings.Lines(arff[strings.Index(arff, "@data\n")+6:]) {
		lines = append(lines, strings.ReplaceAll(line, ",", " "))
	}
	fann := "60 2 3\n" + strings.Join(lines, "")
	plain := model(t, append(args, "--epochs", "2", "--val-split", "0")...)
	same := func(what string, more ...string) {
		t.Helper()
		got := model(t, append(more, "--epochs", "2", "--val-split", "0")...)
		var a, b evaluateJSON
		unpack(t, clprop(t, "evaluate", "--device", "cpuref", "--json", "--model", plain, "--data", table).succeeded(t).stdout, &a)
		o := append([]string{"evaluate", "--device", "cpuref", "--json", "--model", got}, more[:2]...)
		unpack(t, clprop(t, o...).succeeded(t).stdout, &b)
		if a.Loss != b.Loss || b.Network.Loss != "multilabel-cross-entropy" {
			t.Errorf("%s: loss %v, want %v", what, b.Loss, a.Loss)
		}
	}
	same("ARFF", "--data", write(t, "fruits.arff", arff), "--label", "big,heavy,odd")
	same("FANN", "--data", write(t, "fruits.fann", fann))
	same("tabs", "--data", write(t, "fruits.tsv", strings.ReplaceAll(fruits(60), ",", "\t")), "--label", "-3,-2,-1")

	same("Parquet", "--data", fruitsParquet(t, 60), "--label", "big,heavy,odd")

	o := clprop(t, append([]string{"search", "--run", filepath.Join(folder, "found"), "--device", "cpuref", "--vary", "lr=0.1|0.01", "--trials", "2", "--budget", "2", "--quiet", "--json"}, args...)...)
	if o.code != exitOK || !strings.Contains(o.stdout, `"val_accuracy"`) {
		t.Errorf("search: %+v", o)
	}
}

func TestSeveralLabelsFlags(t *testing.T) {
	table, classes := write(t, "f.csv", fruits(40)), write(t, "c.csv", flowers(30))
	labels := "--label big,heavy,odd "
	for args, line := range map[string]string{
		labels + "--class-weights balanced":                          "--class-weights is for classes, and the labels are several at once (--task): --sample-weights weighs examples",
		labels + "--output softmax":                                  "--output softmax is for one class of several, and the labels are several at once (--task): leave it out",
		labels + "--loss hinge":                                      "--loss hinge does not go with the labels, which are several at once (--task)",
		labels + "--task multilabel --loss mse":                      "--loss mse is not for several labels at once, and --task is multilabel: have multilabel-cross-entropy",
		labels + "--task regression --loss multilabel-cross-entropy": "--loss multilabel-cross-entropy is for several labels at once, and --task is regression",
	} {
		all := append([]string{"train", "--device", "cpuref", "--data", table}, strings.Fields(args)...)
		clprop(t, all...).failed(t, exitUsage, line+" (try 'clprop train --help')")
	}
	m := model(t, "--data", classes, "--epochs", "1")
	clprop(t, "predict", "--model", m, "--data", classes, "--threshold", "0.3").failed(t, exitUsage,
		"--threshold is for a model of several labels at once, and "+m+" gives classes (try 'clprop predict --help')")
	clprop(t, "evaluate", "--model", m, "--data", classes, "--threshold", "2").failed(t, exitUsage,
		"--threshold is 2: need 0 to 1 (try 'clprop evaluate --help')")
	bad := write(t, "bad.csv", strings.Replace(fruits(40), "\n7,5,1,0,1\n", "\n7,5,1,0,3\n", 1))
	o := clprop(t, "train", "--device", "cpuref", "--data", bad, "--label", "big,heavy,odd", "--task", "multilabel")
	o.failed(t, exitBadFile, bad+`: line 3, column "odd": "3" is neither 0 nor 1, as each of several labels must be: mend it, or choose regression`)
}
