package main

import (
	"context"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
)

func TestPredict(t *testing.T) {
	path := write(t, "flowers.csv", flowers(90))
	m := model(t, "--data", path, "--epochs", "60")
	o := clprop(t, "predict", "--device", "cpuref", "--model", m, "--data", path).succeeded(t)
	rows, err := csv.NewReader(strings.NewReader(o.stdout)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(rows[0], ","), "predicted,p_iris,p_lily,p_rose"; got != want {
		t.Errorf("header %q, want %q", got, want)
	}
	if len(rows) != 91 {
		t.Fatalf("%d rows, want 90 below the header", len(rows)-1)
	}
	right := 0
	for i, row := range rows[1:] {
		if row[0] == []string{"rose", "iris", "lily"}[i%3] {
			right++
		}
		sum, best := 0.0, 1
		for k := 1; k < 4; k++ {
			p, err := strconv.ParseFloat(row[k], 32)
			if err != nil {
				t.Fatal(err)
			}
			if q, _ := strconv.ParseFloat(row[best], 32); p > q {
				best = k
			}
			sum += p
		}
		// Three float32, each rounded, from a division that is rounded too.
		if math.Abs(sum-1) > 6*0x1p-24 {
			t.Errorf("row %d: probabilities %v add up to %v", i+1, row[1:], sum)
		}
		if rows[0][best] != "p_"+row[0] {
			t.Errorf("row %d: %v is not the likeliest", i+1, row)
		}
	}
	var v evaluateJSON
	unpack(t, clprop(t, "evaluate", "--device", "cpuref", "--model", m, "--data", path, "--json").succeeded(t).stdout, &v)
	if want := float64(right) / 90; v.Accuracy != want {
		t.Errorf("evaluate says %v, the predictions %v", v.Accuracy, want)
	}

	// Other ways in and out: the columns turned about, without labels, to a file.
	var turned strings.Builder
	for line := range strings.Lines(flowers(90)) {
		cells := strings.Split(strings.TrimSpace(line), ",")
		turned.WriteString(cells[1] + ";" + cells[0] + "\n")
	}
	out := filepath.Join(t.TempDir(), "answers.csv")
	p := clpropWith(t, context.Background(), turned.String(), "predict", "--device", "cpuref", "--model", m, "--data", "-", "--out", out).succeeded(t)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != o.stdout || p.stdout != "" {
		t.Errorf("the file differs from standard output:\n%s\n%s", text, o.stdout)
	}
	if want := "90 predictions written to " + out + ", computed on cpuref"; !strings.HasPrefix(p.stderr, want) {
		t.Errorf("stderr %q, want %q", p.stderr, want)
	}
}

// Where a device has room for the weights and a few examples, predict works as evaluate does.
func TestPredictInLittleMemory(t *testing.T) {
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	needPart(t, "pthread/1")
	path := write(t, "flowers.csv", flowers(300))
	m := model(t, "--data", path, "--hidden", "200")
	args := []string{"--device", "pthread/1", "--model", m, "--data", path}
	// Padded, the weights are about 16 KB, and an example 1 KB.
	t.Setenv(device.EnvMemory, "150KB")
	clprop(t, append([]string{"evaluate"}, args...)...).succeeded(t)
	if o := clprop(t, append([]string{"predict"}, args...)...).succeeded(t); strings.Count(o.stdout, "\n") != 301 {
		t.Errorf("not 300 rows below a header:\n%s", o.stdout)
	}
}

func TestPredictImages(t *testing.T) {
	dir := idxFolderOf(t, 40, 10)
	m := model(t, "--data", dir)
	byFolder := clprop(t, "predict", "--device", "cpuref", "--model", m, "--data", dir).succeeded(t)
	unlabelled := write(t, "pictures", images(10))
	byFile := clprop(t, "predict", "--device", "cpuref", "--model", m, "--images", unlabelled).succeeded(t)
	if byFolder.stdout != byFile.stdout || !strings.HasPrefix(byFile.stdout, "predicted,p_0,p_1\n0,") {
		t.Errorf("by folder\n%s\nby file\n%s", byFolder.stdout, byFile.stdout)
	}
}

// A single output makes two classes.
func TestWritePredictions(t *testing.T) {
	var b strings.Builder
	if err := writePredictions(&b, device.SigmoidCrossEntropy, []string{"no", `a "yes"`}, []float32{0.25, 0.5, 0.75}, 3); err != nil {
		t.Fatal(err)
	}
	want := "predicted,p_no,\"p_a \"\"yes\"\"\"\nno,0.75,0.25\nno,0.5,0.5\n\"a \"\"yes\"\"\",0.25,0.75\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestConfusionText(t *testing.T) {
	got := confusionText([]string{"cat", "dog\x1b", "a very long name of an animal"}, [][]int{{8, 2, 0}, {1, 109, 0}, {0, 0, 0}})
	want := `confusion matrix: true class down, taken for across
                              0    1    2   recall  precision
0 cat                         8    2    0    80.0%      88.9%
1 dog�                        1  109    0    99.1%      98.2%
2 a very long name of an …    0    0    0        -          -
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := confusionText(nil, make([][]int, 41)); !strings.Contains(got, "--json") {
		t.Errorf("41 classes: %q", got)
	}
}

func TestEvaluateJSON(t *testing.T) {
	m := model(t, "--epochs", "60", "--data", write(t, "a.csv", flowers(90)))
	two := write(t, "two.csv", flowers(2)) // a rose and an iris
	var v evaluateJSON
	unpack(t, clprop(t, "evaluate", "--device", "cpuref", "--model", m, "--data", two, "--json").succeeded(t).stdout, &v)
	if v.Count != 2 || len(v.Classes) != 3 || v.Classes[2].Name != "rose" || v.Classes[2].Count != 1 {
		t.Fatalf("%+v", v)
	}
	if lily := v.Classes[1]; lily.Count != 0 || lily.Recall != nil {
		t.Errorf("%+v: there is no lily to be recalled", lily)
	}
}
