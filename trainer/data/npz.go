package data

import (
	"archive/zip"
	"fmt"
	"io"
	"slices"
	"strings"
)

// What arrays of examples and of labels are called in NPZ files: with the part
// after or before it, as in x_train and train_images, or without.
var (
	npzExamples = []string{"x", "images", "data", "inputs"}
	npzLabels   = []string{"y", "labels", "target", "targets"}
)

const maxNPZFiles = 1 << 12

// readNPZ reads the arrays of one part: x_train and y_train as in Keras' mnist.npz,
// or another pair of npzExamples and npzLabels. The file is a zip archive of NPY
// files (numpy.savez).
func (s *source) readNPZ(opts Options) (Raw, error) {
	in, size, err := s.all()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(in, size)
	if err != nil {
		return nil, &Error{Path: s.path, Offset: -1, Err: fmt.Errorf("%w: %w", ErrFormat, err), Reason: "not a whole zip file: " + err.Error()}
	}
	if len(z.File) > maxNPZFiles {
		return nil, &Error{Path: s.path, Offset: -1, Reason: fmt.Sprintf("%d arrays: expected at most %d", len(z.File), maxNPZFiles)}
	}
	files := map[string]*zip.File{}
	var names []string
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, ".npy")
		files[name] = f
		names = append(names, name)
	}
	if !slices.ContainsFunc(z.File, func(f *zip.File) bool { return strings.HasSuffix(f.Name, ".npy") }) {
		slices.Sort(names)
		return nil, &Error{Path: s.path, Offset: -1, Reason: noArrays(names)}
	}
	x, y := pickArrays(files, opts.Part)
	if x == nil && len(names) == 1 && opts.Part != TestPart {
		x = z.File[0] // arr_0
	}
	if x == nil {
		slices.Sort(names)
		return nil, &Error{Path: s.path, Offset: -1, Err: ErrNoPart,
			Reason: fmt.Sprintf("no array of examples: expected x_train and y_train, x_test and y_test, or x and y, found %s", list(names))}
	}
	examples, err := s.readNPZArray(x)
	if err != nil {
		return nil, err
	}
	var labels *array
	if y != nil {
		if labels, err = s.readNPZArray(y); err != nil {
			return nil, err
		}
	}
	return examples.raw(labels, opts)
}

// pickArrays finds the examples of a part, and its labels if there are any.
func pickArrays(files map[string]*zip.File, part Part) (x, y *zip.File) {
	find := func(words []string, form string) *zip.File {
		for _, word := range words {
			for _, name := range []string{word, strings.ToUpper(word)} {
				if f := files[fmt.Sprintf(form, name)]; f != nil {
					return f
				}
			}
		}
		return nil
	}
	for _, name := range part.names() {
		forms := []string{"%s_" + name, name + "_%s"}
		if name == "" {
			forms = []string{"%s"}
		}
		for _, form := range forms {
			if x := find(npzExamples, form); x != nil {
				return x, find(npzLabels, form)
			}
		}
	}
	return nil, nil
}

func (s *source) readNPZArray(f *zip.File) (*array, error) {
	path := s.path + ": " + f.Name
	r, err := f.Open()
	if err != nil {
		return nil, &Error{Path: path, Offset: -1, Err: err}
	}
	packed := &counter{n: int64(f.CompressedSize64)} // all of it, as the archive says
	x, err := readNPYArray(path, io.Reader(&unpacked{r: r, packed: packed}), nil)
	if closed := r.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	return x, nil
}
