package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Images are pictures of one size in shades of grey, with or without labels.
type Images struct {
	Width, Height int
	Pixels        []byte   // Rows × Height × Width
	Classes       []string // names of the classes; nil if there are no labels

	path       string
	mapped     bool    // Pixels are a file's
	asBytes    bool    // a Set has them as Inputs, as it has those of a file
	class      []int32 // of each image; nil if there are no labels
	numbered   bool    // labels are numbers of classes, whose names a model may know better
	labelsPath string
	labelsAt   int64 // offset of the first label, −1 if not of use
}

// Rows is the number of images.
func (m *Images) Rows() int { return len(m.Pixels) / (m.Width * m.Height) }

// Split divides the images as Table.Split does the rows of a table.
func (m *Images) Split(rows []int, fraction float64, seed uint64) (train, validation []int, err error) {
	if m.class == nil {
		return nil, nil, fmt.Errorf("split: the examples have no labels")
	}
	class := make([]int, len(m.class))
	for i, c := range m.class {
		class[i] = int(c)
	}
	return stratifyRows(rows, class, len(m.Classes), fraction, seed)
}

// Fit returns how pixels become inputs, x = p/255, and the classes. There is
// nothing to learn from the rows.
func (m *Images) Fit(_ []int, _ FitOptions) (*Preprocess, error) {
	if m.class == nil {
		return nil, &Error{Path: m.path, Offset: -1, Reason: "images without labels: give a file of labels, or put the images of each class in a folder of its own"}
	}
	if len(m.Classes) < 2 {
		return nil, &Error{Path: m.labelsPath, Offset: -1, Reason: fmt.Sprintf("all labels are %s: need at least two classes", m.Classes[0])}
	}
	p := &Preprocess{Image: &Image{Width: m.Width, Height: m.Height, Scale: 1.0 / 255}, Classes: slices.Clone(m.Classes)}
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", m.path, err)
	}
	return p, nil
}

// Set turns all images into examples as p says. They must have its size, and the
// labels must be classes that it knows.
func (m *Images) Set(p *Preprocess) (*Set, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if p.Image == nil {
		return nil, &Error{Path: m.path, Offset: -1, Reason: fmt.Sprintf("the model takes a table of %d columns, not images", len(p.Columns))}
	}
	if m.Width*m.Height != p.Features() || m.Height != 1 && m.Height != p.Image.Height {
		return nil, &Error{Path: m.path, Offset: 4,
			Reason: fmt.Sprintf("expected images of height %d and width %d, found %d and %d", p.Image.Height, p.Image.Width, m.Height, m.Width)}
	}
	if m.class != nil && len(p.Targets) > 0 {
		return nil, &Error{Path: m.labelsPath, Offset: -1, Reason: "the model predicts quantities, and labels of images are classes: give a table"}
	}
	var inputs Inputs
	if m.mapped || m.asBytes {
		inputs = newPixels(m.path, m.Pixels, p.Features(), p.Image.Scale)
	}
	s, err := newSet(m.Rows(), p, m.class != nil, inputs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.path, err)
	}
	for i := range s.X {
		s.X[i] = float32(float64(m.Pixels[i]) * p.Image.Scale)
	}
	place, err := m.places(p)
	if err != nil {
		return nil, err
	}
	for i, c := range m.class {
		s.Y[i*s.Outputs+place[c]] = 1
	}
	return s, nil
}

// places returns the output of each class.
func (m *Images) places(p *Preprocess) ([]int, error) {
	place := make([]int, len(m.Classes))
	for c, name := range m.Classes {
		place[c] = slices.Index(p.Classes, name)
		if m.numbered {
			place[c] = c
		}
		if place[c] >= 0 && place[c] < len(p.Classes) {
			continue
		}
		if i := slices.Index(m.class, int32(c)); i >= 0 {
			e := &Error{Path: m.labelsPath, Offset: -1, Reason: unknown("class", name, p.Classes)}
			if m.numbered {
				e.Reason = fmt.Sprintf("label is %d: expected 0 to %d, the model has %d classes", c, len(p.Classes)-1, len(p.Classes))
			}
			if m.labelsAt >= 0 {
				e.Offset = m.labelsAt + int64(i)
			}
			return nil, e
		}
	}
	return place, nil
}

// number takes labels that are numbers of classes from 0.
func (m *Images) number(path string, labels []byte, at int64) {
	m.labelsPath, m.labelsAt, m.numbered = path, at, true
	m.class = make([]int32, len(labels))
	for i, c := range labels {
		m.class[i] = int32(c)
	}
	for c := range int(slices.Max(labels)) + 1 {
		m.Classes = append(m.Classes, strconv.Itoa(c))
	}
}

// readIDX reads a file of images, with the labels of Options.Labels or of the file
// beside it, if there is one.
func (s *source) readIDX(opts Options) (*Images, error) {
	images, err := s.readArray(opts.Map)
	if err != nil {
		return nil, err
	}
	labels := opts.Labels
	if labels == "" {
		labels = LabelsBeside(s.path)
	}
	return newImages(s.path, images, labels)
}

// newImages makes Images of an IDX array and the labels in a file, if it has a
// name.
func newImages(path string, images *Array, labelsPath string) (*Images, error) {
	m := &Images{path: path, Pixels: images.Data, mapped: images.mapped, Height: 1}
	switch d := images.Dims; len(d) {
	case 2:
		m.Width = d[1]
	case 3:
		m.Height, m.Width = d[1], d[2]
	default:
		return nil, &Error{Path: path, Offset: 3,
			Reason: fmt.Sprintf("images: expected 3 dimensions (n × height × width) or 2 (n × width), found %d: are images and labels swapped?", len(d))}
	}
	if labelsPath == "" {
		return m, nil
	}
	labels, err := ReadIDX(labelsPath)
	if err != nil {
		return nil, err
	}
	if d := len(labels.Dims); d != 1 {
		return nil, &Error{Path: labelsPath, Offset: 3,
			Reason: fmt.Sprintf("labels: expected 1 dimension, found %d: are images and labels swapped?", d)}
	}
	if images.Dims[0] != labels.Dims[0] {
		return nil, &Error{Path: labelsPath, Offset: 4,
			Reason: fmt.Sprintf("expected %d labels, one for each image of %s, found %d", images.Dims[0], path, labels.Dims[0])}
	}
	m.number(labelsPath, labels.Data, 8)
	return m, nil
}

// readFolder reads a folder of IDX files, or else of images.
func readFolder(dir string, opts Options) (*Images, error) {
	isIDX := func(e os.DirEntry) bool {
		return strings.Contains(e.Name(), "idx3-ubyte") || strings.Contains(e.Name(), "idx1-ubyte")
	}
	if entries, err := os.ReadDir(dir); err != nil || !slices.ContainsFunc(entries, isIDX) {
		return readImageFolder(dir, opts)
	}
	kind := "train"
	if opts.Part != TrainPart {
		kind = "test"
	}
	images, labels, err := FindIDX(dir, kind)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrNoPart, err)
	}
	for _, path := range []string{images, labels} {
		if err == nil {
			err = contained(dir, path, opts)
		}
	}
	if err != nil {
		return nil, err
	}
	return readIDXPair(images, labels, ClassNames(dir), opts.Map)
}

// readIDXPair reads images and labels; names are those of the classes, nil if not
// known.
func readIDXPair(images, labels string, names []string, how Map) (*Images, error) {
	array, err := readIDXFile(images, how)
	if err != nil {
		return nil, err
	}
	m, err := newImages(images, array, labels)
	if err == nil && len(names) == len(m.Classes) {
		m.Classes = slices.Clone(names)
	}
	return m, err
}
