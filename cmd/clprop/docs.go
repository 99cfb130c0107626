package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

const docsLong = `Docs writes what --help says of all commands in other forms: 'docs man DIR' a man page
for each, 'docs markdown' one page, docs/reference.md, to standard output.`

const docsExample = `  clprop docs man ~/.local/share/man/man1
  clprop docs markdown > docs/reference.md`

func newDocsCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "docs man DIR | docs markdown", Short: "Write man pages, or the reference of the command line",
		Long: docsLong, Example: docsExample, ValidArgs: []string{"man", "markdown"},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 2 && args[0] == "man":
				return writeManPages(cmd.Root(), args[1])
			case len(args) == 1 && args[0] == "markdown":
				text, err := markdownReference(cmd.Root())
				return first(err, e.print(text))
			}
			return usage(cmd, "need man DIR, or markdown, got %q", args)
		},
	}
}

// writeManPages makes the folder, if it is not there, and a page for each command in it.
func writeManPages(root *cobra.Command, folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	withoutDate(root)
	epoch := time.Unix(0, 0).UTC() // so that equal sources make equal pages
	header := &doc.GenManHeader{Title: "CLPROP", Section: "1", Source: "clprop " + currentVersion().Version, Manual: "clprop", Date: &epoch}
	return doc.GenManTree(root, header, folder)
}

// markdownReference is all commands, one section each.
func markdownReference(root *cobra.Command) (string, error) {
	withoutDate(root)
	var b bytes.Buffer
	b.WriteString("# Reference of the command line\n\nWritten by `clprop docs markdown` from the flags themselves. " +
		"[cli.md](cli.md) tells what they mean together, and the fields of the JSON.\n")
	var add func(cmd *cobra.Command) error
	add = func(cmd *cobra.Command) error {
		b.WriteString("\n")
		if err := doc.GenMarkdownCustom(cmd, &b, anchor); err != nil {
			return fmt.Errorf("reference of %s: %w", cmd.CommandPath(), err)
		}
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() && sub.Name() != "completion" { // cobra's own, for which its --help is the place
				if err := add(sub); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err := add(root)
	return b.String(), err
}

// anchor is the link to a section, for the name of the file that cobra would write.
func anchor(file string) string {
	return "#" + strings.ReplaceAll(strings.TrimSuffix(file, ".md"), "_", "-")
}

func withoutDate(cmd *cobra.Command) {
	cmd.DisableAutoGenTag = true
	for _, sub := range cmd.Commands() {
		withoutDate(sub)
	}
}
