package main

import (
	"path/filepath"
	"strings"
	"testing"
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
	for _, args := range [][]string{{"compare"}, {"plot", a}, {"plot", a, "--what", "x", "-o", svg}, {"plot", "-o", svg}, {"compare", a, "-o", "x.gif"}} {
		if o := clprop(t, args...); o.code != exitUsage {
			t.Errorf("%q: %+v", args, o)
		}
	}
	if o := clprop(t, "compare", a, dir); o.code != exitBadFile {
		t.Errorf("%+v", o)
	}
}
