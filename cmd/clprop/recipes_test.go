package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The recipes for tables train as they stand, and reach about what the page has: accuracy
// or R² may be off by what five of the 69 penguins that are held back make. Those for
// images, which take minutes, have flags that are there.
func TestRecipes(t *testing.T) {
	t.Setenv("CLPROP_DEVICE", fastDevice(t).Name)
	text, table := fileBytes(t, pages, "recipes.md"), fileBytes(t, pages, "penguins.csv")
	t.Chdir(t.TempDir())
	var measured strings.Builder // what the page's grep leaves
	for line := range strings.Lines(table) {
		if !strings.Contains(line, "NA,NA,NA,NA") {
			measured.WriteString(line)
		}
	}
	for name, text := range map[string]string{"penguins.csv": table, "measured.csv": measured.String()} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	blocks := regexp.MustCompile("(?s)```sh\nclprop train (.*?)\n```\n\n([^\n]*)").FindAllStringSubmatch(text, -1)
	least := []float64{0, 0, 92, 0.75, 60, 92, 92}
	if len(blocks) != len(least) {
		t.Fatalf("%d recipes", len(blocks))
	}
	for i, block := range blocks {
		args := strings.Fields(block[1])
		if least[i] == 0 {
			clprop(t, append([]string{"config", "show"}, args...)...).succeeded(t)
			continue
		}
		o := clpropWith(t, context.Background(), "", append([]string{"train"}, args...)...).succeeded(t)
		var score float64
		line, _, _ := strings.Cut(strings.NewReplacer("accuracy ", "", "R² ", "").Replace(o.stdout), "\n")
		if _, err := fmt.Sscanf(line, "test %f", &score); err != nil || score < least[i] {
			t.Errorf("%s: stdout %q", block[1], o.stdout)
		}
	}
}
