package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// docs/reference.md is what the flags say now.
func TestReferenceIsUpToDate(t *testing.T) {
	committed, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	if clprop(t, "docs", "markdown").stdout != string(committed) {
		t.Error("docs/reference.md is not what 'clprop docs markdown' prints: run make docs")
	}
}

// There is a man page for each command, with its flags.
func TestManPages(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "man1")
	clprop(t, "docs", "man", folder).succeeded(t)
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				check(sub)
			}
		}
		page := fileBytes(t, folder, strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1")
		for _, name := range flagNames(cmd) {
			if !strings.Contains(page, `\-\-`+name) && !strings.Contains(page, "--"+name) {
				t.Errorf("%s: nothing of --%s", cmd.CommandPath(), name)
			}
		}
	}
	check(newRootCommand(&env{}))
	for _, args := range [][]string{{"docs"}, {"docs", "man"}, {"docs", "html"}} {
		if o := clprop(t, args...); o.code != exitUsage {
			t.Errorf("%q: %+v", args, o)
		}
	}
}

// A shell is offered the values of a flag, and these are the ones that its help names.
func TestCompletion(t *testing.T) {
	values := flagValues()
	root := newRootCommand(&env{})
	for _, cmd := range root.Commands() {
		for name, list := range values {
			of, flag, special := strings.Cut(name, " ")
			if !special {
				flag = name
			}
			f := cmd.Flags().Lookup(flag)
			if f == nil || special && of != cmd.Name() || !special && values[cmd.Name()+" "+flag] != nil {
				continue
			}
			o := clprop(t, "__complete", cmd.Name(), "--"+flag, "")
			for _, value := range list {
				if !strings.Contains(f.Usage, value) {
					t.Errorf("%s --%s: the help does not name %s: %s", cmd.Name(), flag, value, f.Usage)
				}
				if !strings.Contains("\n"+o.stdout, "\n"+value+"\n") {
					t.Errorf("%s --%s: %s is not offered: %q", cmd.Name(), flag, value, o.stdout)
				}
			}
		}
	}
	if o := clprop(t, "__complete", "train", "--device", ""); !strings.Contains(o.stdout, "cpuref\tthe CPU reference\n") {
		t.Errorf("devices: %q", o.stdout)
	}
	if o := clprop(t, "__complete", "report", ""); !strings.HasSuffix(o.stdout, ":16\n") { // folders only
		t.Errorf("runs: %q", o.stdout)
	}
}
