package main

import (
	"context"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const pages = "../../docs"

// sources are the texts of the program, tests left out.
func sources(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		b.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every link of a page leads to a file that is there.
func TestLinksOfPages(t *testing.T) {
	files, err := filepath.Glob(pages + "/*.md")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	links := 0
	for _, file := range append(files, "../../README.md") {
		text := fileBytes(t, file)
		for _, match := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(text, -1) {
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), match[1])); err != nil && !strings.Contains(match[1], "://") {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	if links < 100 {
		t.Errorf("%d links: is the pattern right?", links)
	}
}

// The page of formulas names a kernel and a function of the reference for each, and every
// kernel but those that move or measure; the functions are in the files that it names.
func TestHowItWorks(t *testing.T) {
	text := fileBytes(t, pages, "how-it-works.md")
	for _, match := range regexp.MustCompile(`\[([A-Z]\w+)\]\(\.\./(cpuref/\w+\.go)\)`).FindAllStringSubmatch(text, -1) {
		if source := fileBytes(t, "../..", match[2]); !strings.Contains(source, "\nfunc "+match[1]+"[") && !strings.Contains(source, "\nfunc "+match[1]+"(") {
			t.Errorf("%s has no function %s", match[2], match[1])
		}
	}
	kernels, err := filepath.Glob("../../kernels/*.cl")
	if err != nil {
		t.Fatal(err)
	}
	for _, kernel := range kernels {
		name := filepath.Base(kernel)
		if !slices.Contains([]string{"blank.cl", "common.cl", "each.cl", "square.cl", "peak.cl", "peakempty.cl"}, name) && !strings.Contains(text, "(../kernels/"+name+")") {
			t.Errorf("how-it-works.md does not name %s", name)
		}
	}
}

// What the page of messages quotes is said by the program, and the errors that it has names
// for are all there.
func TestTroubleshooting(t *testing.T) {
	text, source := fileBytes(t, pages, "troubleshooting.md"), sources(t)
	quoted := 0
	for line := range strings.Lines(text) {
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || !strings.HasPrefix(line, "| `") {
			continue
		}
		for _, message := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[0], -1) {
			quoted++
			for part := range strings.SplitSeq(message[1], "…") {
				part = strings.TrimSpace(part)
				others := slices.Contains([]string{"unknown flag:", "invalid argument", "CL_BUILD_PROGRAM_FAILURE", "LLVM ERROR: IO failure on output stream"}, part)
				if len(part) > 4 && !others && !strings.Contains(source, part) {
					t.Errorf("troubleshooting.md: nothing says %q", part)
				}
			}
		}
	}
	if quoted < 40 {
		t.Errorf("%d messages: is the pattern right?", quoted)
	}
	// Those of packages that a program may misuse and the command line does not.
	unseen := []string{"operands do not fit", "not a tuning for this device", "not kept", "engine is closed", "used after Release", "operand belongs to another engine",
		"not compiled yet"}
	for _, match := range regexp.MustCompile(`Err\w+ += errors\.New\("([^"]+)"\)`).FindAllStringSubmatch(source, -1) {
		if !strings.Contains(text, match[1]) && !slices.Contains(unseen, match[1]) {
			t.Errorf("troubleshooting.md has nothing of the error %q", match[1])
		}
	}
}

// The commands of the tutorial, in order and as they are, take the table to predictions
// that are served.
func TestTutorial(t *testing.T) {
	t.Setenv("CLPROP_DEVICE", fastDevice(t).Name)
	text, table := fileBytes(t, pages, "tutorial.md"), fileBytes(t, pages, "penguins.csv")
	t.Chdir(t.TempDir())
	if err := os.WriteFile("penguins.csv", []byte(table), 0o666); err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(blocks) != 5 {
		t.Fatalf("%d commands", len(blocks))
	}
	for _, block := range blocks {
		words := strings.Fields(block[1])
		if words[0] != "clprop" || strings.ContainsAny(block[1], `'"|>\$`) {
			t.Fatalf("not a command without a shell: %q", block[1])
		}
		if words[1] == "serve" {
			request := regexp.MustCompile("curl -d '(.*)' http").FindStringSubmatch(text)[1]
			url, stop, _ := served(t, words[2:]...) // at any port that is free
			status, answer := post(t, url, request)
			if code := stop(syscall.SIGTERM); code != exitOK || status != http.StatusOK || !strings.Contains(answer, `"label":"Gentoo"`) {
				t.Errorf("exit code %d, status %d: %s", code, status, answer)
			}
			continue
		}
		o := clpropWith(t, context.Background(), "", words[1:]...).succeeded(t)
		if words[1] == "train" {
			rest, _ := strings.CutPrefix(o.stdout, "test accuracy 9") // 90% or more
			if rest == o.stdout {
				t.Errorf("stdout %q", o.stdout)
			}
		}
	}
	lines := strings.Split(strings.TrimSpace(fileBytes(t, "species.csv")), "\n")
	if len(lines) != 345 || lines[0] != "predicted,p_Adelie,p_Chinstrap,p_Gentoo" || !strings.Contains(text, "    "+lines[0]+"\n") {
		t.Errorf("%d lines, the first %q", len(lines), lines[0])
	}
}
