package main

import (
	"context"
	"fmt"
	"io"
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
	format    string

	followLinks bool

	learn  learnFlags // of train
	mapped string     // --map; "" for never
	// columns is how many numbers a row of raw floats has, streamed that of --stream.
	columns  int
	streamed bool
}

const dataHelp = `--data takes, also packed with gzip or zstd, and - for standard input,
  a table     CSV (or with tabs or semicolons), ARFF, LIBSVM, FANN, Parquet, NPY or
              NPZ; the label is the last column, or what --label names
  pictures    DIR with a folder of PNG or JPEG files for each class, maybe inside
              folders train and test; or NPY or NPZ of n × height × width bytes
  floats      FILE.f32 or FILE.f64 of rows of --columns little-endian numbers
  MNIST       DIR of IDX files, train-… to train on, t10k-… to test on; or an IDX
              file of images, with --labels LABELS
The format is told by the content; 'clprop inspect' shows what is in a file.`

func (f *dataFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.path, "data", "", "`PATH` of a table, of images, or of a folder of them")
	flags.StringVar(&f.images, "images", "", "`FILE` of images (IDX or NPY); the same as --data")
	flags.StringVar(&f.labels, "labels", "", "`FILE` of labels (IDX or NPY) for the images")
	flags.StringVar(&f.label, "label", "", "label column of a table: its `NAME`, or its position from 0, or from the end if negative; several with commas between (default: the last, or what the format says)")
	flags.StringVar(&f.header, "header", "auto", "whether a CSV file begins with column names: auto, yes or no")
	flags.StringVar(&f.separator, "separator", "", "`CHARACTER` between the cells of a CSV file, or tab (default: found in the first line)")
	flags.IntVar(&f.columns, "columns", 0, "`N` numbers in a row of a file of raw floats (.f32, .f64), the label among them")
	flags.BoolVar(&f.followLinks, "follow-links", false, "follow symbolic links that lead out of a folder of images")
	flags.StringVar(&f.format, "format", "", "`FORMAT` of the data: "+formatNames()+" (default: told by the content)")
}

func formatNames() string {
	var names []string
	for _, f := range data.Formats {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
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
// the flags for tables may be for.
func (f *dataFlags) check(cmd *cobra.Command, others ...string) error {
	for _, name := range []string{"data", "images", "labels"} {
		if cmd.Flags().Changed(name) && cmd.Flags().Lookup(name).Value.String() == "" {
			return usage(cmd, "--%s is empty", name)
		}
	}
	if f.path != "" && f.images != "" {
		return usage(cmd, "--data and --images are both given: they mean the same, name one")
	}
	if _, err := f.options(nil); err != nil {
		return usage(cmd, "%w", err)
	}
	if f.labels != "" && !f.is(f.source(), data.IDX, data.NPY, data.Float32, data.Float64) {
		return usage(cmd, "--labels goes with an IDX or NPY file of images: give it with --images")
	}
	floats := []data.Format{data.Float32, data.Float64}
	tables := append([]data.Format{data.CSV, data.ARFF, data.LibSVM, data.FANN, data.Parquet, data.NPY, data.NPZ}, floats...)
	for name, formats := range map[string][]data.Format{"label": tables, "sample-weights": tables, "header": {data.CSV}, "separator": {data.CSV}, "columns": floats, "follow-links": {data.Folder}} {
		paths := append([]string{f.source()}, others...)
		if cmd.Flags().Changed(name) && !slices.ContainsFunc(paths, func(path string) bool { return f.is(path, formats...) }) {
			what := "CSV files"
			switch name {
			case "label", "sample-weights":
				what = "tables"
			case "columns":
				what = "files of raw floats"
			case "follow-links":
				what = "folders"
			}
			return usage(cmd, "--%s is for %s, and none is given", name, what)
		}
	}
	return nil
}

// is reports whether what path leads to has one of the formats.
func (f *dataFlags) is(path string, formats ...data.Format) bool {
	switch {
	case path == "":
		return false
	case f.format != "":
		return slices.Contains(formats, data.Format(f.format))
	case path == "-":
		return true // whatever comes
	}
	return slices.Contains(formats, data.DetectFormat(path))
}

// options returns how to read data.
func (f *dataFlags) options(stdin io.Reader) (data.Options, error) {
	opts := data.Options{Format: data.Format(f.format), Label: f.label, Columns: f.columns, FollowLinks: f.followLinks, Stdin: stdin}
	if f.columns < 0 || f.columns > data.MaxColumns {
		return opts, fmt.Errorf("--columns is %d: need 1 to %d", f.columns, data.MaxColumns)
	}
	if f.format != "" && !slices.Contains(data.Formats, opts.Format) {
		return opts, fmt.Errorf("--format is %q: have %s", f.format, formatNames())
	}
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

// read reads the part of the data that path leads to; labelled is as in data.Options.
func (f *dataFlags) read(path string, part data.Part, p *data.Preprocess, stdin io.Reader, labelled bool) (data.Raw, error) {
	opts, err := f.options(stdin)
	if err != nil {
		return nil, err
	}
	opts.Part, opts.Labelled = part, labelled
	if f.mapped != "never" {
		opts.Map = data.Map(f.mapped)
	}
	if path == f.source() {
		opts.Labels = f.labels
	}
	if err := f.learn.apply(&opts); err != nil {
		return nil, err
	}
	if p != nil && p.Image != nil {
		opts.ImageWidth, opts.ImageHeight = p.Image.Width, p.Image.Height
	}
	return data.Read(path, opts)
}

// load reads examples as a model that exists wants them.
func (f *dataFlags) load(path string, p *data.Preprocess, stdin io.Reader, labelled bool) (*data.Set, error) {
	raw, err := f.read(path, data.HeldPart, p, stdin, labelled)
	if err != nil {
		return nil, err
	}
	set, err := raw.Set(p)
	if err != nil {
		return nil, err
	}
	if labelled && set.Y == nil {
		return nil, noLabels(path, raw, p, f.label)
	}
	return set, nil
}

// noLabels says what a model was trained on and a file does not have; label is that of --label.
func noLabels(path string, raw data.Raw, p *data.Preprocess, label string) error {
	table, ok := raw.(*data.Table)
	if !ok {
		return fmt.Errorf("%s: no file of labels beside it: name it with --labels", path)
	}
	has := strings.Join(table.Names, ", ")
	names := p.LabelNames()
	what := fmt.Sprintf("label column %q", p.Label)
	switch {
	case label != "":
		return fmt.Errorf("%s: --label %s: no such label column: it has %s", path, label, has)
	case len(names) == 1 && names[0] == "":
		return fmt.Errorf("%s: the model does not name its label column: name it with --label, of %s", path, has)
	case p.Label == "":
		what = fmt.Sprintf("label columns %q", names)
	}
	return fmt.Errorf("%s: no %s, which the model was trained on: it has %s; or name yours with --label", path, what, has)
}

// loadForModel is load for a model from a file.
func (f *dataFlags) loadForModel(ctx context.Context, path string, m *trainer.Model, modelPath string, stdin io.Reader, labelled bool) (*data.Set, error) {
	if m.Preprocess == nil {
		return nil, badFile(fmt.Errorf("%s: the model does not say how raw data becomes its inputs: it was not made by clprop train", modelPath))
	}
	set, err := whileWanted(ctx, func() (*data.Set, error) { return f.load(path, m.Preprocess, stdin, labelled) })
	if sizes := m.Network.Sizes; err == nil && sizes[len(sizes)-1] == 1 {
		set.Single()
	}
	return set, badFile(err)
}
