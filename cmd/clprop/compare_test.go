package main

import (
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clprop/clprop/trainer/report"
)

// Runs that are over are compared and drawn; what cannot be is said.
func TestCompareAndPlot(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	clprop(t, runArgs(a)...).succeeded(t)
	clprop(t, runArgs(b, "--seed", "2")...).succeeded(t)
	svg, png := filepath.Join(dir, "x.svg"), filepath.Join(dir, "x.png")
	o := clprop(t, "compare", a, b, "-o", svg).succeeded(t)
	if lines := strings.Count(o.stdout, "\n"); lines != 3 || strings.Count(o.stdout, "test accuracy") != 2 {
		t.Errorf("stdout %q", o.stdout)
	}
	if text := fileBytes(t, svg); !strings.Contains(text, "<svg") || !strings.Contains(text, "loss by epoch") {
		t.Error("no picture")
	}
	clprop(t, "plot", a, "--out", svg).succeeded(t)
	if text := fileBytes(t, svg); !strings.Contains(text, "validation") {
		t.Error("no curve of the validation set")
	}
	clprop(t, "plot", a, "--what", "weights", "--out", png).succeeded(t)
	if text := fileBytes(t, png); !strings.HasPrefix(text, "\x89PNG") {
		t.Error("no PNG")
	}
	for _, what := range []string{"confusion", "gradients"} {
		clprop(t, "plot", a, "--what", what, "-o", svg).succeeded(t)
		if text := fileBytes(t, svg); !strings.Contains(text, what[:9]) {
			t.Errorf("%s: another picture", what)
		}
	}
	for _, args := range [][]string{{"compare"}, {"plot", a}, {"plot", a, "--what", "x", "-o", svg}, {"plot", "-o", svg}, {"compare", a, "-o", "x.gif"}} {
		if o := clprop(t, args...); o.code != exitUsage {
			t.Errorf("%q: %+v", args, o)
		}
	}
	if o := clprop(t, "compare", a, dir); o.code != exitBadFile {
		t.Errorf("%+v", o)
	}
}

// Of a run that is not finished there is what its table of epochs and its newest checkpoint
// hold, and each command says so.
func TestUnfinishedRun(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	clprop(t, runArgs(folder)...).succeeded(t)
	for _, name := range []string{report.File, report.Page, runModel} {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	svg := filepath.Join(t.TempDir(), "x.svg")
	says := func(o outcome) outcome {
		t.Helper()
		if o.succeeded(t); !strings.Contains(o.stderr, "is not finished") {
			t.Errorf("stderr %q", o.stderr)
		}
		return o
	}
	if o := says(clprop(t, "compare", folder)); !strings.Contains(o.stdout, "not finished") {
		t.Errorf("stdout %q", o.stdout)
	}
	says(clprop(t, "plot", folder, "-o", svg))
	says(clprop(t, "plot", folder, "--what", "weights", "-o", svg))
	says(clprop(t, "report", folder))
	if page := fileBytes(t, folder, report.Page); !strings.Contains(page, "This run is not finished") || !strings.Contains(page, "Θ(1)") || !strings.Contains(page, "--epochs") {
		t.Error("parts are missing")
	}
	for _, what := range []string{"confusion", "gradients"} {
		if o := clprop(t, "plot", folder, "--what", what, "-o", svg); o.code != exitBadFile || !strings.Contains(o.stderr, "no "+what+" to draw") {
			t.Errorf("%+v", o)
		}
	}
	checkpoints, err := filepath.Glob(filepath.Join(folder, "checkpoint-*"))
	if err != nil || len(checkpoints) == 0 {
		t.Fatal(checkpoints, err)
	}
	for _, path := range checkpoints {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	says(clprop(t, "plot", folder, "-o", svg)) // the table alone
	if o := clprop(t, "plot", folder, "--what", "weights", "-o", svg); o.code != exitBadFile {
		t.Errorf("%+v", o)
	}
}

// A cell of the picture is the share of its class, the first class on top.
func TestConfusionPicture(t *testing.T) {
	s := shares{[][]int{{3, 1}, {0, 0}}}
	if s.Z(0, 1) != 0.75 || s.Z(1, 1) != 0.25 || s.Z(0, 0) != 0 {
		t.Errorf("%v %v %v", s.Z(0, 1), s.Z(1, 1), s.Z(0, 0))
	}
	if colours := (blues{}).Colors(); colours[0] != (color.RGBA{255, 255, 255, 255}) || colours[63] != (color.RGBA{70, 150, 230, 255}) {
		t.Errorf("%v", colours)
	}
}
