package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// pageCommands are the commands of clprop that a page shows in blocks of code, fenced or
// indented, in order and as words; or, if inline, those that it quotes in its text. What is
// behind #, | or > is left out.
func pageCommands(text string, inline bool) (commands [][]string) {
	add := func(line string) {
		var words []string
		for _, word := range regexp.MustCompile(`'[^']*'|\S+`).FindAllString(line, -1) {
			if word == "|" || word == ">" || word[0] == '#' {
				break
			}
			words = append(words, strings.Trim(word, "'"))
		}
		if len(words) > 0 {
			commands = append(commands, words)
		}
	}
	fenced := false
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if inline {
			for _, quoted := range regexp.MustCompile("`clprop( [^`]*)`").FindAllStringSubmatch(line, -1) {
				add(quoted[1])
			}
		} else if found := regexp.MustCompile(`^( *)(?:mpirun .*)?clprop( .*)`).FindStringSubmatch(line); found != nil && (fenced || found[1] != "") {
			add(found[2])
		}
	}
	return commands
}

// Each command that a page shows or quotes, and each in the examples of the help, is there and
// has the flags that it is given.
func TestPagesNameFlags(t *testing.T) {
	files, err := filepath.Glob(pages + "/*.md")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`^--?([a-z][a-z0-9-]*)`)
	found := 0
	for _, file := range append(files, "../../README.md") {
		text := fileBytes(t, file)
		for _, words := range append(pageCommands(text, false), pageCommands(text, true)...) {
			found++
			root := newRootCommand(&env{})
			root.InitDefaultCompletionCmd()
			cmd, _, err := root.Find(words)
			if err != nil || cmd == root && words[0][0] != '-' && words[0][0] != '[' && words[0] != "COMMAND" {
				t.Errorf("%s: there is no such command: %q", filepath.Base(file), words)
				continue
			}
			for _, word := range words {
				if name := names.FindStringSubmatch(word); name != nil && !hasFlag(cmd, name[1]) {
					t.Errorf("%s: %q has no %s", filepath.Base(file), words, word)
				}
			}
		}
	}
	if found < 150 {
		t.Errorf("%d commands: is the pattern right?", found)
	}
}

// Each flag that a page quotes alone is one of some command.
func TestPagesQuoteFlags(t *testing.T) {
	files, err := filepath.Glob(pages + "/*.md")
	if err != nil {
		t.Fatal(err)
	}
	others := []string{"allow-run-as-root", "bind-to", "map-by", "mca", "oversubscribe"} // of mpirun
	var some func(cmd *cobra.Command, name string) bool
	some = func(cmd *cobra.Command, name string) bool {
		return hasFlag(cmd, name) || slices.ContainsFunc(cmd.Commands(), func(c *cobra.Command) bool { return some(c, name) })
	}
	found := 0
	for _, file := range append(files, "../../README.md") {
		for _, match := range regexp.MustCompile("`--([a-z0-9-]+)").FindAllStringSubmatch(fileBytes(t, file), -1) {
			found++
			if !slices.Contains(others, match[1]) && !some(newRootCommand(&env{}), match[1]) {
				t.Errorf("%s: no command has %s", filepath.Base(file), match[0])
			}
		}
	}
	for name, flag := range elsewhere {
		if !some(newRootCommand(&env{}), flag) {
			t.Errorf("%s is said to be %s, which no command has", name, flag)
		}
	}
	if found < 200 {
		t.Errorf("%d flags: is the pattern right?", found)
	}
}

func hasFlag(cmd *cobra.Command, name string) bool {
	cmd.InitDefaultHelpFlag()
	found := name == "h"
	cmd.Flags().VisitAll(func(f *pflag.Flag) { found = found || f.Name == name || f.Shorthand == name })
	return found
}

// Those blocks of commands that take a table to something run as they stand, but for what
// inShort adds. Not run are those of elsewhere: make; those with three dots, which stand for
// flags; those that want several devices, MPI, or minutes (bench, tune, doctor), which have tests of
// their own; and train in the recipes and the tutorial, which have too.
func TestPageCommandsRun(t *testing.T) {
	t.Setenv("CLPROP_DEVICE", fastDevice(t).Name)
	folder, err := filepath.Abs(pages)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"../README.md", "recipes.md", "large-data.md", "tutorial.md"} {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text := fileBytes(t, folder, page)
			t.Chdir(t.TempDir())
			writePageFiles(t, fileBytes(t, folder, "penguins.csv"))
			commands := pageCommands(text, false)
			if page == "tutorial.md" {
				commands = append(commands, pageCommands(text, true)...)
			}
			ran := 0
			for _, words := range commands {
				if runPageCommand(t, page, words) {
					ran++
				}
			}
			if ran == 0 {
				t.Error("no command ran")
			}
		})
	}
}

func runPageCommand(t *testing.T, page string, words []string) (ran bool) {
	t.Helper()
	line := strings.Join(words, " ")
	own := slices.Contains([]string{"bench", "tune", "doctor"}, words[0]) || page == "recipes.md" && words[0] == "train"
	if own || strings.Contains(line, "…") || strings.Contains(line, "--device 0,1") {
		return false
	}
	if words[0] == "serve" {
		_, stop, said := served(t, words[1:]...)
		if code := stop(syscall.SIGTERM); code != exitOK {
			t.Errorf("clprop %s: exit code %d: %s", line, code, said)
		}
		return true
	}
	if words[0] == "compare" {
		if err := os.CopyFS("wider", os.DirFS("penguins")); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), inShort(words), strings.NewReader(""), &stdout, &stderr); code != exitOK {
		t.Errorf("clprop %s: exit code %d: %s", line, code, stderr.String())
	}
	if words[0] == "config" { // in the tutorial it goes to a file
		if err := os.WriteFile("penguins.yaml", stdout.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return true
}

// inShort adds what makes a command short, and a port that is free.
func inShort(words []string) []string {
	words = slices.Clone(words)
	switch {
	case slices.Contains(words, "--serve"):
		words[slices.Index(words, "--serve")] = "--serve=:0"
		fallthrough
	case words[0] == "train" && !slices.Contains(words, "--config"):
		words = append(words, "--epochs", "2")
	case words[0] == "search":
		words = append(words, "--trials", "2", "--budget", "2")
	}
	return words
}

// writePageFiles writes the files that the pages speak of: a command with another file needs it here.
func writePageFiles(t *testing.T, penguins string) {
	t.Helper()
	iris, clicks, numbers := "width,height,species\n", "a,b,label\n", make([]float32, 60*785)
	type click struct {
		A, B  float64
		Label string
	}
	var rows []click
	for i := range 60 {
		class := []string{"setosa", "versicolor", "virginica"}[i%3]
		iris += fmt.Sprintf("%d.%d,%d.5,%s\n", 1+i%3, i%7, i%5, class)
		clicks += fmt.Sprintf("%d,%d,%s\n", i%7, i%3, class)
		rows = append(rows, click{float64(i % 7), float64(i % 3), class})
		numbers[785*i] = float32(i % 9)
		numbers[785*i+784] = float32(i % 3)
	}
	packer, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer packer.Close()
	var table bytes.Buffer
	if err := parquet.Write(&table, rows); err != nil {
		t.Fatal(err)
	}
	raw, err := binary.Append(nil, binary.LittleEndian, numbers)
	if err != nil {
		t.Fatal(err)
	}
	npy := func(kind, shape string, data []byte) []byte {
		header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", kind, shape)
		header += strings.Repeat(" ", 117-len(header)) + "\n"
		return append([]byte("\x93NUMPY\x01\x00v\x00"+header), data...)
	}
	labels := make([]byte, 60)
	for i := range labels {
		labels[i] = byte(i % 3)
	}
	idx := func(data []byte, dimensions ...uint32) []byte {
		b := []byte{0, 0, 8, byte(len(dimensions))}
		for _, n := range dimensions {
			b = binary.BigEndian.AppendUint32(b, n)
		}
		return append(b, data...)
	}
	for name, text := range map[string][]byte{
		"train-images-idx3-ubyte": idx(raw[:60*28*28], 60, 28, 28), "train-labels-idx1-ubyte": idx(labels, 60),
		"penguins.csv": []byte(penguins), "iris.csv": []byte(iris), "new.csv": []byte("height,width\n1.5,2\n2.5,3\n"),
		"clicks.csv.zst": packer.EncodeAll([]byte(clicks), nil), "clicks.parquet": table.Bytes(), "held.parquet": table.Bytes(),
		"x.f32": raw, "x.npy": npy("<f4", "(60, 785)", raw), "y.npy": npy("|u1", "(60,)", labels),
	} {
		if err := os.WriteFile(name, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
