package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clprop/clprop/trainer/report"
)

// A run ends with its report; report makes the same page again, and says what is missing.
func TestReport(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	clprop(t, runArgs(folder)...).succeeded(t)
	page := fileBytes(t, folder, report.Page)
	if !strings.Contains(page, "Worst mistakes") || !strings.Contains(page, "embedded digits") || !strings.Contains(page, "Gradients") {
		t.Error("parts are missing")
	}
	if err := os.Remove(filepath.Join(folder, report.Page)); err != nil {
		t.Fatal(err)
	}
	clprop(t, "report", folder).succeeded(t)
	if fileBytes(t, folder, report.Page) != page {
		t.Error("another page")
	}
	if o := clprop(t, "report", t.TempDir()); o.code != exitBadFile || !strings.Contains(o.stderr, "is it the folder of a run") {
		t.Errorf("%+v", o)
	}
	if o := clprop(t, "report"); o.code != exitUsage {
		t.Errorf("%+v", o)
	}
	table := filepath.Join(t.TempDir(), "table")
	clprop(t, "train", "--run", table, "--device", "cpuref", "--quiet", "--epochs", "2", "--data", write(t, "flowers.csv", flowers(90))).succeeded(t)
	if page := fileBytes(t, table, report.Page); !strings.Contains(page, "Learning curves") || strings.Contains(page, "<img") {
		t.Error("a table has curves and no images")
	}
}
