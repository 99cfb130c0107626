package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLRFind(t *testing.T) {
	plot := filepath.Join(t.TempDir(), "p.png")
	args := []string{"lr-find", "--device", "cpuref", "--hidden", "16", "--from", "1e-4", "--steps", "60", "--plot", plot}
	o := clprop(t, append(args, "--json", "--quiet")...).succeeded(t)
	var r lrFindJSON
	unpack(t, o.stdout, &r)
	if r.Network.Parameters != 16*65+10*17 || r.Points[0].Rate != 1e-4 || !(r.Suggestion > 1e-3 && r.Suggestion < r.Least && r.Least < 10) {
		t.Errorf("%+v, %+v, suggestion %v, least %v", r.Network, r.Points[0], r.Suggestion, r.Least)
	}
	drawn, err := os.ReadFile(plot)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := png.DecodeConfig(bytes.NewReader(drawn)); err != nil || c.Width < 300 || c.Height < 200 {
		t.Errorf("%+v, %v", c, err)
	}
	args[len(args)-1] = filepath.Join(t.TempDir(), "p.svg")
	text := clprop(t, args...).succeeded(t).stdout
	if n := strings.Count(text, "\n"); n != len(r.Points)+2 && n != len(r.Points)+3 {
		t.Errorf("%d lines of %d steps:\n%s", n, len(r.Points), text)
	}
	if !strings.HasPrefix(text, "        lr        loss    smoothed\n    0.0001  ") || strings.Count(text, "  steepest\n") != 1 ||
		strings.Count(text, "  lowest\n") != 1 || !strings.Contains(text, "\nsuggestion: --lr 0.") {
		t.Errorf("stdout:\n%s", text)
	}
	if drawn, err = os.ReadFile(args[len(args)-1]); err != nil || !bytes.Contains(drawn, []byte("<svg")) || !bytes.Contains(drawn, []byte("learning rate")) {
		t.Errorf("%.200s, %v", drawn, err)
	}
}

func TestLRFindFlags(t *testing.T) {
	for _, c := range []struct{ args, text string }{
		{"--from 0", "--from is 0 and --to is 10: need two numbers from 1.18e-38 to 3.4e+38, the first below the second"},
		{"--to Inf", "--from is 1e-06 and --to is +Inf: need two numbers from 1.18e-38 to 3.4e+38"},
		{"--from 1e-50", "--from is 1e-50 and --to is 10"},
		{"--from 1 --to 1", "--from is 1 and --to is 1"},
		{"--steps 9", "--steps is 9: need at least 10"},
		{"--plot rates.pdf", `--plot is "rates.pdf": need a name that ends in .svg or .png`},
		{"--batch-size 0", `"--batch-size" flag: need at least 1`},
		{"--lr 1", "unknown flag: --lr"},
	} {
		o := clprop(t, append([]string{"lr-find", "--device", "cpuref"}, strings.Fields(c.args)...)...)
		if o.code != exitUsage || !strings.Contains(o.stderr, c.text) {
			t.Errorf("%s: exit %d, %q, want %q", c.args, o.code, o.stderr, c.text)
		}
	}
	// from where it is too high at once
	o := clprop(t, "lr-find", "--device", "cpuref", "--from", "1e5", "--to", "1e6").succeeded(t)
	if !strings.Contains(o.stdout, "\nno suggestion: the loss does not fall") {
		t.Errorf("stdout %s", o.stdout)
	}
}
