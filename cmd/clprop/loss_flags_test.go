package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// prices is a table of a price 2·size − age + 100, days that are a tenth of it, and a
// weight of 0 for rows whose price is nonsense.
func prices(rows int) string {
	var b strings.Builder
	b.WriteString("size,age,trust,price,days\n")
	for i := range rows {
		size, age := float64(i*7%23), float64(i*5%13)
		price, trust := 2*size-age+100, 1
		if i%4 == 3 {
			price, trust = -1000, 0
		}
		fmt.Fprintf(&b, "%g,%g,%d,%g,%g\n", size, age, trust, price, price/10)
	}
	return b.String()
}

// Two quantities are learned by a net without a hidden layer, in spite of the nonsense
// that has no weight, and come out in the units of the file.
func TestTrainQuantities(t *testing.T) {
	table := write(t, "prices.csv", prices(80))
	out := filepath.Join(t.TempDir(), "m.safetensors")
	o := clprop(t, "train", "--device", "cpuref", "--data", table, "--label", "price,days", "--sample-weights", "trust",
		"--hidden", "", "--epochs", "600", "--val-split", "0", "--test-data", write(t, "few.csv", "days,price,age,size\n10,100,0,0\n11.5,115,5,10\n"), "--out", out).succeeded(t)
	for _, want := range []string{"2 features, 2 quantities\n", "net     2-2, relu, linear with mse: 6 parameters\n", "\nepoch 600/600  cost 0.0000  rate 0.01  "} {
		if !strings.Contains(o.stderr, want) {
			t.Errorf("stderr lacks %q:\n%.1000s", want, o.stderr)
		}
	}
	if !strings.HasPrefix(o.stdout, "test R² 1.0000, RMSE ") {
		t.Errorf("stdout:\n%s", o.stdout)
	}
	asked := write(t, "asked.csv", "age,size\n1,20\n12,3\n")
	rows, err := csv.NewReader(strings.NewReader(clprop(t, "predict", "--device", "cpuref", "--model", out, "--data", asked).succeeded(t).stdout)).ReadAll()
	if err != nil || len(rows) != 3 || strings.Join(rows[0], ",") != "predicted_price,predicted_days" {
		t.Fatalf("%v, %v", rows, err)
	}
	for i, want := range []float64{139, 94} {
		for k, scale := range []float64{1, 10} { // 0.5 is a hundredth of the spread of the prices
			if got, err := strconv.ParseFloat(rows[i+1][k], 64); err != nil || math.Abs(got*scale-want) > 0.5 {
				t.Errorf("row %d: %s %v, want %v", i, rows[0][k], got, want/scale)
			}
		}
	}

	honest := write(t, "honest.csv", "size,age,price,days\n0,0,100,10\n10,5,115,11.5\n5,0,110,11\n")
	text := clprop(t, "evaluate", "--device", "cpuref", "--model", out, "--data", honest).succeeded(t).stdout
	if !strings.HasPrefix(text, "test R² 0.99") && !strings.HasPrefix(text, "test R² 1.0000") || !strings.Contains(text, "\nprice ") || !strings.Contains(text, "\ndays ") {
		t.Errorf("evaluate says\n%s", text)
	}
	var v evaluateJSON
	unpack(t, clprop(t, "evaluate", "--device", "cpuref", "--json", "--model", out, "--data", honest).succeeded(t).stdout, &v)
	if v.Network.Loss != "mse" || v.Macro != nil || v.scoresJSON.Classes != nil || v.Confusion != nil || len(v.Targets) != 2 || v.Mean == nil {
		t.Fatalf("%+v", v)
	}
	if price := v.Targets[0]; price.Name != "price" || !(price.MAE < 0.5) || !(price.R2 > 0.99) || float64(price.RMSE) != math.Sqrt(float64(price.MSE)) {
		t.Errorf("%+v", price)
	}
}

// A quantity that is large beside its spread, as a time in seconds is, is predicted and judged as it is without
// what is added to it: its scaled labels are the same, but for the rounding of the float64 that they come from.
func TestQuantityFarFromZero(t *testing.T) {
	const far = 1.7e9
	columns, rmse := map[float64][]float64{}, map[float64]float64{}
	for _, offset := range []float64{0, far} {
		var b strings.Builder
		b.WriteString("x,when\n")
		for i := range 100 {
			x := float64(i-50) / 50
			fmt.Fprintf(&b, "%v,%.3f\n", x, offset+10*x*x*x)
		}
		table, model := write(t, fmt.Sprint(offset, ".csv"), b.String()), filepath.Join(t.TempDir(), "m.safetensors")
		clprop(t, "train", "--device", "cpuref", "--data", table, "--label", "when", "--task", "regression", "--hidden", "8", "--epochs", "20",
			"--quiet", "--out", model).succeeded(t)
		var v evaluateJSON
		unpack(t, clprop(t, "evaluate", "--device", "cpuref", "--json", "--model", model, "--data", table).succeeded(t).stdout, &v)
		rmse[offset] = float64(v.Mean.RMSE)
		for _, line := range strings.Fields(clprop(t, "predict", "--device", "cpuref", "--model", model, "--data", table).succeeded(t).stdout)[1:] {
			y, err := strconv.ParseFloat(line, 64)
			if err != nil {
				t.Fatal(err)
			}
			columns[offset] = append(columns[offset], y-offset)
		}
	}
	// The mean of the labels is rounded to 2⁻²³ at 1.7e9, of a spread of 4; training multiplies that by no more
	// than 1e3.
	const within = 1e3 * 0x1p-23
	if math.Abs(rmse[far]-rmse[0]) > within {
		t.Errorf("RMSE %v, without %g %v", rmse[far], far, rmse[0])
	}
	for i, y := range columns[0] {
		if math.Abs(columns[far][i]-y) > within {
			t.Fatalf("row %d: %v, without %g %v", i, columns[far][i], far, y)
		}
	}
}

// Each loss of classes, smoothed or with weights, learns the flowers; what was asked
// for is in the JSON, and all of package metrics.
func TestTrainLosses(t *testing.T) {
	table := write(t, "flowers.csv", flowers(90))
	for _, c := range []struct {
		args []string
		loss string
		want lossJSON
	}{
		{[]string{"--loss", "hinge", "--class-weights", "balanced"}, "hinge", lossJSON{0, "balanced", ""}},
		{[]string{"--label-smoothing", "0.1", "--activation", "gelu"}, "softmax-cross-entropy", lossJSON{0.1, "none", ""}},
		{[]string{"--output", "sigmoid", "--class-weights", "rose=2,lily=0.5"}, "sigmoid-cross-entropy", lossJSON{0, "rose=2,lily=0.5", ""}},
	} {
		out := filepath.Join(t.TempDir(), "m.safetensors")
		o := clprop(t, append([]string{"train", "--device", "cpuref", "--json", "--quiet", "--data", table, "--test-data", table, "--out", out}, c.args...)...).succeeded(t)
		var r trainJSON
		unpack(t, o.stdout, &r)
		if r.Network.Loss != c.loss || r.Config.lossJSON != c.want {
			t.Errorf("%v: network %+v, config %+v", c.args, r.Network, r.Config)
		}
		if s := r.Test; !(s.Accuracy > 0.95) || s.Macro == nil || !(s.Macro.F1 > 0.95) || s.Micro.F1 != s.Accuracy || s.ROCAUC == nil || !(*s.ROCAUC > 0.95) {
			t.Errorf("%v: test %+v", c.args, r.Test)
		}
		var v evaluateJSON
		unpack(t, clprop(t, "evaluate", "--device", "cpuref", "--json", "--top", "2", "--model", out, "--data", table).succeeded(t).stdout, &v)
		if v.Top == nil || v.Top.K != 2 || v.Top.Accuracy < v.Accuracy || v.scoresJSON.Classes[0].F1 == nil || v.scoresJSON.Classes[0].ROCAUC == nil {
			t.Errorf("%v: %+v", c.args, v)
		}
	}
}

func TestHingePredicts(t *testing.T) {
	m := model(t, "--loss", "hinge", "--data", write(t, "a.csv", flowers(90)))
	o := clprop(t, "predict", "--device", "cpuref", "--model", m, "--data", write(t, "b.csv", flowers(3))).succeeded(t)
	if lines := strings.Split(o.stdout, "\n"); lines[0] != "predicted,score_iris,score_lily,score_rose" || !strings.HasPrefix(lines[1], "rose,-") {
		t.Errorf("predictions:\n%s", o.stdout)
	}
}

func TestLossFlags(t *testing.T) {
	classes, quantities := write(t, "c.csv", flowers(30)), write(t, "q.csv", prices(40))
	for args, line := range map[string]string{
		"--loss poisson":                             `--loss: unknown loss "poisson": have [sigmoid-cross-entropy softmax-cross-entropy multilabel-cross-entropy hinge mse mae huber]`,
		"--loss huber:0":                             `--loss: loss "huber:0": the threshold is not a number from 1.18e-38 to 3.4e+38: write huber:0.5`,
		"--loss hinge --output softmax":              "--loss hinge has linear outputs, and --output is softmax: leave one out",
		"--loss mse --task classification":           "--loss mse is for quantities, and --task is classification",
		"--loss hinge --task regression":             "--loss hinge is for classes, and --task is regression: have mse, mae, huber",
		"--label-smoothing 1":                        "--label-smoothing is 1: need 0 or more and less than 1",
		"--loss hinge --label-smoothing 0.1":         "--label-smoothing is for the cross-entropies, and --loss is hinge",
		"--class-weights rose":                       `--class-weights: "rose" is not CLASS=WEIGHT with a weight from 0 to 3.4e+38: write none, balanced, or cat=2,dog=0.5`,
		"--class-weights rose=-1":                    `--class-weights: "rose=-1" is not CLASS=WEIGHT with a weight from 0 to 3.4e+38: write none, balanced, or cat=2,dog=0.5`,
		"--class-weights tulip=2":                    `--class-weights: no class "tulip": have iris, lily, rose`,
		"--class-weights rose=0,lily=0,iris=0":       "--class-weights: all are 0: need one above 0",
		"--task regression --class-weights balanced": "--class-weights is for classes, and the labels are quantities",
		"--sample-weights w":                         "--sample-weights is for tables, and none is given",
	} {
		all := append([]string{"train", "--device", "cpuref"}, strings.Fields(args)...)
		switch {
		case strings.Contains(args, "sample-weights"):
		case strings.Contains(args, "regression"):
			all = append(all, "--data", quantities)
		default:
			all = append(all, "--data", classes)
		}
		clprop(t, all...).failed(t, exitUsage, line+" (try 'clprop train --help')")
	}
}
