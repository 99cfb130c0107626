package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
)

// The command line goes before the environment, that before the file, that before the
// default, and config show says so.
func TestConfigOrder(t *testing.T) {
	path := write(t, "run.yaml", "hidden: [16, 8]\nepochs: 3\nbatch-size: 64 # of one step\noptimizer: adam\ndevice: cpu\n")
	t.Setenv("CLPROP_BATCH_SIZE", "16")
	t.Setenv("CLPROP_EPOCHS", "4")
	t.Setenv(device.EnvDevice, "cpuref")
	o := clprop(t, "config", "show", "--config", path, "--epochs", "5", "--origin").succeeded(t)
	for _, line := range []string{
		"epochs: 5  # flag\n", "batch-size: 16  # $CLPROP_BATCH_SIZE\n", "hidden: \"16,8\"  # " + path + ":1\n", "optimizer: adam  # " + path + ":4\n",
		"# seed: 1  # default\n", "# lr: 0.001  # default\n", "device: cpuref  # $CLPROP_DEVICE\n",
	} {
		if !strings.Contains("\n"+o.stdout, "\n"+line) {
			t.Errorf("no %q in\n%s", line, o.stdout)
		}
	}
	if o := clprop(t, "config", "show", "--config", path).succeeded(t); strings.Contains(o.stdout, "  # ") {
		t.Errorf("an origin without --origin:\n%s", o.stdout)
	} else {
		clprop(t, "config", "show", "--config", write(t, "shown.yaml", o.stdout)).succeeded(t)
	}
}

// What is wrong with a file of flags is said with its line, and a way out.
func TestBadConfig(t *testing.T) {
	t.Setenv("CLPROP_SEED", "")
	for text, want := range map[string]string{
		"epochs: 3\nbatch_siez: 4\n":         `:2: unknown key "batch_siez": did you mean batch-size? (try`,
		"epochs: 3\n\nflux-capacitor: 4\n":   `:3: unknown key "flux-capacitor" (try`,
		"epochs: 3\nlr: 1\nepochs: 4\n":      "epochs",
		"epochs: many\n":                     `:1: epochs is "many": need a number of epochs, or auto (try`,
		"epochs: 0\n":                        `:1: epochs is "0": need at least 1, or auto`,
		"hidden: {a: 1}\n":                   ":1: hidden: expected a text, a number",
		"hidden: [[1]]\n":                    ":1: hidden: expected a text, a number",
		"- epochs\n":                         ":1: expected NAME: VALUE",
		"epochs\n":                           ":1: expected NAME: VALUE",
		"epochs: &a 3\nseed: *a\n":           ":1: epochs: expected a text, a number",
		"seed: 1\nlr: \"0.1\n":               ":2: ",
		"config: other.yaml\n":               `:1: unknown key "config"`,
		"resume: run\n":                      `:1: unknown key "resume"`,
		strings.Repeat("#", maxConfigSize+1): "more than 1048576 bytes",
	} {
		path := write(t, "bad.yaml", text)
		o := clprop(t, "train", "--device", "cpuref", "--config", path)
		if o.code != exitUsage || !strings.Contains(o.stderr, want) || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("%.40q: exit code %d, stderr %q, want %q", text, o.code, o.stderr, want)
		}
	}
	for _, args := range [][]string{{"--config", ""}, {"--config", "none.yaml"}, {"--config", "none.yaml", "--resume", "run"}} {
		if o := clprop(t, append([]string{"train"}, args...)...); o.code != exitUsage {
			t.Errorf("%q: exit code %d, stderr %q", args, o.code, o.stderr)
		}
	}
	t.Setenv("CLPROP_SEED", "x")
	if o := clprop(t, "train"); o.code != exitUsage || !strings.Contains(o.stderr, `CLPROP_SEED is "x": invalid syntax`) {
		t.Errorf("exit code %d, stderr %q", o.code, o.stderr)
	}
}

// A run writes the flags it used, and training with them gives the same results.
func TestRunKeepsItsConfig(t *testing.T) {
	folder, again := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "again")
	clprop(t, runArgs(folder, "--optimizer", "adam")...).succeeded(t)
	text, err := os.ReadFile(filepath.Join(folder, runConfig))
	if err != nil || !strings.Contains(string(text), "\nhidden: 8  # flag\n") || !strings.Contains(string(text), "\n# lr: 0.001\n") {
		t.Fatalf("%v: %s", err, text)
	}
	clprop(t, "train", "--run", again, "--quiet", "--config", filepath.Join(folder, runConfig)).succeeded(t)
	if results(t, folder) != results(t, again) {
		t.Error("other results")
	}
}

// The file of config init is one that train takes, as it is and with a line that counts.
func TestConfigInit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "all.yaml")
	clprop(t, "config", "init", "--out", path).succeeded(t)
	text := fileBytes(t, path)
	if o := clprop(t, "config", "show", "--config", path).succeeded(t); !strings.Contains(o.stdout, "epochs: auto\n") {
		t.Errorf("stdout %q", o.stdout)
	}
	if !strings.Contains(text, "\n# epochs: auto\n") || strings.Contains(text, "\nepochs") {
		t.Errorf("%s", text)
	}
	uncommented := strings.Replace(text, "\n# epochs: auto\n", "\nepochs: 7\n", 1)
	if err := os.WriteFile(path, []byte(uncommented), 0o666); err != nil {
		t.Fatal(err)
	}
	if o := clprop(t, "config", "show", "--config", path).succeeded(t); !strings.Contains(o.stdout, "epochs: 7\n") {
		t.Errorf("stdout %q", o.stdout)
	}
	if o := clprop(t, "config", "init", "--out", path); o.code != exitUsage {
		t.Errorf("over a file that is there: %+v", o)
	}
	if o := clprop(t, "config", "shwo"); o.code != exitUsage {
		t.Errorf("%+v", o)
	}
}

// What is written is read again, whatever is in it.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{"a: 1", "null", "a: [1, x]\nb: \"\\\"\"", "{a: b}", "? [", "a: |\n x", "---\na: 1\n---\n", "-", "*a", "a:\n  - 1\n", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		settings, at, err := parseConfig([]byte(text))
		if err != nil && at < 1 {
			t.Errorf("line %d: %v", at, err)
		}
		for _, s := range settings {
			if s.line < 1 {
				t.Errorf("%+v", s)
			}
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			return
		}
		again, _, err := parseConfig([]byte("a: " + quoted(text) + "\n"))
		if err != nil || len(again) != 1 || again[0].value != text {
			t.Errorf("%q was written as %s and read as %+v: %v", text, quoted(text), again, err)
		}
	})
}
