package main

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
	"github.com/spf13/cobra"
)

// dataFlags are the flags about data files that several commands have.
type dataFlags struct {
	path      string // --data
	images    string // --images: --data under the name that goes with --labels
	labels    string
	label     string
	header    string
	separator string
}

const dataHelp = `--data takes
  FILE.csv   a table, also gzip; the label is its last column or the one that
             --label names; - is standard input
  DIR        the IDX files of MNIST or Fashion-MNIST, also gzip: train-… to
             train on, t10k-… to test on
  IMAGES     an IDX file of images, with --labels LABELS`

func (f *dataFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.path, "data", "", "`PATH` of a CSV file, a directory of IDX files, or an IDX file of images")
	flags.StringVar(&f.images, "images", "", "`FILE` of images (IDX); the same as --data")
	flags.StringVar(&f.labels, "labels", "", "`FILE` of labels (IDX) for the images")
	flags.StringVar(&f.label, "label", "", "label column of a CSV file: its `NAME`, or its position from 0, or from the end if negative (default -1)")
	flags.StringVar(&f.header, "header", "auto", "whether a CSV file begins with column names: auto, yes or no")
	flags.StringVar(&f.separator, "separator", "", "`CHARACTER` between the cells of a CSV file, or tab (default: found in the first line)")
}

// given reports whether the command line names data.
func (f *dataFlags) given() bool { return f.source() != "" }

func (f *dataFlags) source() string {
	if f.images != "" {
		return f.images
	}
	return f.path
}

// check refuses flags that have no meaning. others are paths beside --data that
// the CSV flags may be for.
func (f *dataFlags) check(cmd *cobra.Command, others ...string) error {
	for _, name := range []string{"data", "images", "labels"} {
		if cmd.Flags().Changed(name) && cmd.Flags().Lookup(name).Value.String() == "" {
			return usage(cmd, "--%s is empty", name)
		}
	}
	if f.path != "" && f.images != "" {
		return usage(cmd, "--data and --images are both given: they mean the same, name one")
	}
	if _, err := f.csv(nil); err != nil {
		return usage(cmd, "%w", err)
	}
	kind := kindOf(f.source())
	if f.labels != "" && kind != idxFile {
		return usage(cmd, "--labels goes with an IDX file of images: give it with --images")
	}
	if kind == csvFile || slices.ContainsFunc(others, func(path string) bool { return kindOf(path) == csvFile }) {
		return nil
	}
	for _, name := range []string{"label", "header", "separator"} {
		if cmd.Flags().Changed(name) {
			return usage(cmd, "--%s is for CSV files, and none is given", name)
		}
	}
	return nil
}

// csv returns the options for a CSV file.
func (f *dataFlags) csv(stdin io.Reader) (data.Options, error) {
	opts := data.Options{Label: f.label, Stdin: stdin}
	switch f.header {
	case "", "auto":
	case "yes":
		opts.Header = data.WithHeader
	case "no":
		opts.Header = data.NoHeader
	default:
		return opts, fmt.Errorf("--header is %q: have auto, yes, no", f.header)
	}
	switch r, size := utf8.DecodeRuneInString(f.separator); {
	case f.separator == "":
	case f.separator == "tab" || f.separator == `\t`:
		opts.Comma = '\t'
	case size != len(f.separator) || r == utf8.RuneError || strings.ContainsRune("\"\r\n", r):
		return opts, fmt.Errorf("--separator is %q: need one character, or tab", f.separator)
	default:
		opts.Comma = r
	}
	return opts, nil
}

// kind is what a path leads to.
type kind int

const (
	nothing kind = iota // "", or no such file
	csvFile
	idxFile
	idxFolder
)

// kindOf looks at what path leads to. A file that cannot be opened is left to its
// reader, which says so.
func kindOf(path string) kind {
	if path == "" {
		return nothing
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return idxFolder
	}
	if name := strings.ToLower(filepath.Base(path)); strings.Contains(name, "-idx") || strings.Contains(name, ".idx") || beginsAsIDX(path) {
		return idxFile
	}
	return csvFile
}

// beginsAsIDX reports whether a file, or what gzip packed in it, begins with the
// two zero bytes of IDX, which no text does.
func beginsAsIDX(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() { // reading a pipe would take from it
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	r := bufio.NewReader(f)
	if z, err := gzip.NewReader(r); err == nil {
		r = bufio.NewReader(z)
	} else if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false
	} else {
		r = bufio.NewReader(f)
	}
	start, err := r.Peek(2)
	return err == nil && start[0] == 0 && start[1] == 0
}

// labelsBeside names the file of labels that goes with a file of images, by the
// names that MNIST uses, or returns "".
func labelsBeside(images string) string {
	dir, name := filepath.Split(images)
	labels := strings.NewReplacer("images", "labels", "idx3", "idx1").Replace(name)
	if labels == name {
		return ""
	}
	if _, err := os.Stat(dir + labels); err != nil {
		return ""
	}
	return dir + labels
}

// idxLabels returns the labels for a file of images.
func (f *dataFlags) idxLabels(images string) (string, error) {
	if f.labels != "" && images == f.source() {
		return f.labels, nil
	}
	if labels := labelsBeside(images); labels != "" {
		return labels, nil
	}
	if _, err := os.Stat(images); err != nil {
		return "", err
	}
	return "", fmt.Errorf("%s: no file of labels beside it: name it with --labels", images)
}

// load reads examples as a model that exists wants them.
func (f *dataFlags) load(path string, p *data.Preprocess, stdin io.Reader, labelled bool) (*data.Set, error) {
	switch kindOf(path) {
	case idxFolder:
		images, labels, err := data.FindIDX(path, "test")
		if err != nil {
			return nil, err
		}
		return p.LoadIDX(images, labels)
	case idxFile:
		labels, err := f.idxLabels(path)
		if err != nil && labelled {
			return nil, err
		}
		return p.LoadIDX(path, labels)
	}
	opts, err := f.csv(stdin)
	if err != nil {
		return nil, err
	}
	table, err := data.ReadCSV(path, opts)
	if err != nil {
		return nil, err
	}
	set, err := table.Set(p)
	if err == nil && labelled && set.Y == nil {
		return nil, fmt.Errorf("%s: no label column %q, which the model was trained on: it has %s",
			path, p.Label, strings.Join(table.Names, ", "))
	}
	return set, err
}

// loadForModel is load for a model from a file.
func (f *dataFlags) loadForModel(path string, m *trainer.Model, modelPath string, stdin io.Reader, labelled bool) (*data.Set, error) {
	if m.Preprocess == nil {
		return nil, badFile(fmt.Errorf("%s: the model does not say how raw data becomes its inputs: it was not made by clprop train", modelPath))
	}
	set, err := f.load(path, m.Preprocess, stdin, labelled)
	return set, badFile(err)
}
