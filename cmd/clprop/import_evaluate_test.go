package main

import (
	"encoding/csv"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// A classifier of a single output from another program is evaluated as it predicts, with the label that is named, or
// is the last column.
func TestEvaluateImported(t *testing.T) {
	var quantities, table, bare strings.Builder
	quantities.WriteString("x0,x1,y\n")
	table.WriteString("x0,x1,kind,id\n")
	var truth []string
	for i := range 40 {
		x0, x1 := float64(i%7)-3, float64(i%5)-2
		kind := "no"
		if x0+x1 > 0.5 {
			kind = "yes"
		}
		truth = append(truth, kind)
		fmt.Fprintf(&quantities, "%v,%v,%v\n", x0, x1, x0+x1)
		fmt.Fprintf(&table, "%v,%v,%s,%d\n", x0, x1, kind, i)
		fmt.Fprintf(&bare, "%v,%v,%s\n", x0, x1, kind)
	}
	m := model(t, "--data", write(t, "q.csv", quantities.String()), "--task", "regression", "--scale", "none", "--hidden", "3", "--epochs", "2")
	dir := t.TempDir()
	weights, imported := filepath.Join(dir, "w.safetensors"), filepath.Join(dir, "i.safetensors")
	clprop(t, "export", m, "-o", weights).succeeded(t)
	clprop(t, "import", weights, "--loss", "sigmoid-cross-entropy", "--names", "no,yes", "-o", imported).succeeded(t)

	named, unnamed := write(t, "named.csv", table.String()), write(t, "bare.csv", bare.String())
	rows, err := csv.NewReader(strings.NewReader(clprop(t, "predict", "--device", "cpuref", "--model", imported, "--data", named).succeeded(t).stdout)).ReadAll()
	if err != nil || len(rows) != 1+len(truth) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	counts := map[[2]string]int{}
	for i, kind := range truth {
		counts[[2]string{kind, rows[i+1][0]}]++
	}
	for _, args := range [][]string{{"--data", named, "--label", "kind"}, {"--data", unnamed, "--header", "no"}} {
		var v evaluateJSON
		unpack(t, clprop(t, append([]string{"evaluate", "--device", "cpuref", "--json", "--model", imported}, args...)...).succeeded(t).stdout, &v)
		for i, is := range []string{"no", "yes"} {
			for k, said := range []string{"no", "yes"} {
				if v.Confusion[i][k] != counts[[2]string{is, said}] {
					t.Errorf("%v: %v of %s for %s, predicted %d", args, v.Confusion, is, said, counts[[2]string{is, said}])
				}
			}
		}
		if v.Macro == nil || v.ROCAUC == nil || len(v.scoresJSON.Classes) != 2 || v.scoresJSON.Classes[1].Count != counts[[2]string{"yes", "no"}]+counts[[2]string{"yes", "yes"}] {
			t.Errorf("%v: %+v", args, v.scoresJSON)
		}
	}
	o := clprop(t, "evaluate", "--device", "cpuref", "--model", imported, "--data", write(t, "x.csv", "x0,x1\n1,2\n"))
	if o.code != exitBadFile || !strings.Contains(o.stderr, "the model does not name its label column: name it with --label, of x0, x1") {
		t.Errorf("%+v", o)
	}
}
