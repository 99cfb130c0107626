package main

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/clprop/clprop/trainer/data"
	"github.com/spf13/cobra"
)

const inspectLong = `Inspect shows what is in a file of examples: rows and columns with their types,
ranges, categories, missing values and constant columns, the classes or labels with
their counts, and what would keep 'clprop train' from using it.

FILE, also packed with gzip or zstd, and - for standard input, is whatever
--data of 'clprop train' takes.`

const inspectExample = `  clprop inspect penguins.csv
  clprop inspect penguins.csv --label species --json
  clprop inspect /usr/share/datasets/fashion-mnist
  clprop inspect train-images-idx3-ubyte.gz`

// shownColumns are as many as a person reads; --json has all.
const shownColumns = 50

func newInspectCommand(e *env) *cobra.Command {
	var f dataFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:        "inspect FILE",
		SuggestFor: []string{"info", "head", "summary"},
		Short:      "Show what is in a file of examples",
		Long:       inspectLong,
		Example:    inspectExample,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && !f.given() {
				return usage(cmd, "no file: name one, or - for standard input")
			}
			if len(args) > 1 || len(args) == 1 && f.given() {
				return usage(cmd, "more than one file: name one")
			}
			return nil
		},
	}
	cmd.Flags().SortFlags = false
	f.add(cmd)
	f.learn.addColumns(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			f.path = args[0]
		}
		if err := f.check(cmd); err != nil {
			return err
		}
		if err := f.learn.apply(new(data.Options)); err != nil {
			return usage(cmd, "%w", err)
		}
		s, err := whileWanted(cmd.Context(), func() (*data.Summary, error) {
			raw, err := f.read(f.source(), data.TrainPart, nil, e.stdin, true)
			if err != nil {
				return nil, err
			}
			return data.Inspect(raw), nil
		})
		if err != nil {
			return badFile(err)
		}
		if asJSON {
			return e.printJSON(inspectJSON{schemaVersion, f.source(), s})
		}
		return e.print(inspectText(f.source(), s))
	}
	return cmd
}

// inspectJSON is what inspect --json prints.
type inspectJSON struct {
	Schema int    `json:"schema"`
	Source string `json:"source"`
	*data.Summary
}

func inspectText(source string, s *data.Summary) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v\n", oneLine(source), s)
	if s.Image != nil {
		fmt.Fprintf(&b, "pixels from %d to %d, mean %s\n", s.Image.Min, s.Image.Max, short(&s.Image.Mean))
	} else {
		b.WriteString("\n" + columnsText(s) + "\n")
	}
	if len(s.Constant) > 0 {
		fmt.Fprintf(&b, "constant columns, which say nothing: %s\n", some(s.Constant))
	}
	if gaps := inputsMissing(s); len(gaps) > 0 {
		fmt.Fprintf(&b, "columns with missing values: %s; train fills them in with --missing median, mean or a number\n", some(gaps))
	}
	if s.Task != "" {
		fmt.Fprintf(&b, "task: %s\n", s.Task)
	}
	if len(s.Classes) > 0 {
		what := "classes"
		if s.Task == "multilabel" {
			what = "labels"
		}
		fmt.Fprintf(&b, "%d %s: %s\n", len(s.Classes), what, countsText(s.Classes, 20))
	}
	for _, d := range s.Doubts {
		fmt.Fprintf(&b, "is this meant? %s\n", oneLine(d))
	}
	for _, p := range s.Problems {
		fmt.Fprintf(&b, "to mend before training: %s\n", oneLine(p))
	}
	return b.String()
}

// inputsMissing are the columns of s.Missing that are no labels: a label is not filled in.
func inputsMissing(s *data.Summary) (names []string) {
	for _, c := range s.Columns {
		if c.Missing > 0 && !c.Label {
			names = append(names, c.Name)
		}
	}
	return names
}

func columnsText(s *data.Summary) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "column\ttype\tmissing\tdistinct\tmin\tmax\tmean\tstd\tvalues")
	for j, c := range s.Columns {
		if j >= shownColumns && !c.Label {
			continue
		}
		kind, distinct := c.Type, strconv.Itoa(c.Distinct)
		if c.Label {
			kind += ", label"
		}
		if c.Distinct > 1000 {
			distinct = "> 1000"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", oneLine(c.Name), kind, c.Missing, distinct,
			short(c.Min), short(c.Max), short(c.Mean), short(c.Std), countsText(c.Top, 4))
	}
	w.Flush() // to a strings.Builder, which does not fail
	table := b.String()
	b.Reset()
	for line := range strings.Lines(table) {
		fmt.Fprintln(&b, strings.TrimRight(line, " \n"))
	}
	if n := len(s.Columns) - shownColumns; n > 0 {
		fmt.Fprintf(&b, "and %d columns more, which --json shows\n", n)
	}
	return b.String()
}

// short is a number as a person reads it; nothing for none.
func short(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'g', 4, 64)
}

// some lists up to ten names.
func some(names []string) string {
	const most = 10
	text := oneLine(strings.Join(names[:min(most, len(names))], ", "))
	if n := len(names) - most; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// countsText shows up to most names with their counts.
func countsText(counts []data.Count, most int) string {
	var parts []string
	for _, c := range counts[:min(most, len(counts))] {
		parts = append(parts, fmt.Sprintf("%s %d", oneLine(c.Name), c.Count))
	}
	if n := len(counts) - most; n > 0 {
		parts = append(parts, "…")
	}
	return strings.Join(parts, ", ")
}
