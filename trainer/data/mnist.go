package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// LoadIDX reads a pair of IDX files: images, n × height × width or n × width, and
// their n labels. Pixels become x = p/255; labels 0..k−1 become one-hot rows of
// k classes named "0", "1", …
func LoadIDX(imagesPath, labelsPath string) (*Set, *Preprocess, error) {
	images, labels, err := readPair(imagesPath, labelsPath)
	if err != nil {
		return nil, nil, err
	}
	top := int(slices.Max(labels.Data))
	if top == 0 {
		return nil, nil, &Error{Path: labelsPath, Offset: -1, Reason: "all labels are 0: need at least two classes"}
	}
	p := &Preprocess{Image: imageSize(images)}
	for c := range top + 1 {
		p.Classes = append(p.Classes, strconv.Itoa(c))
	}
	if err := p.Check(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", imagesPath, err)
	}
	s, err := p.encodeIDX(imagesPath, images, labelsPath, labels)
	return s, p, err
}

// LoadIDX reads IDX files as LoadIDX of the package does, for a model that
// exists: images must have its size, and labels must be below its number of
// classes. An empty labelsPath gives a Set without labels.
func (p *Preprocess) LoadIDX(imagesPath, labelsPath string) (*Set, error) {
	images, labels, err := readPair(imagesPath, labelsPath)
	if err != nil {
		return nil, err
	}
	return p.encodeIDX(imagesPath, images, labelsPath, labels)
}

// readPair reads both files and checks that they belong together. labels is nil
// if labelsPath is empty.
func readPair(imagesPath, labelsPath string) (images, labels *IDX, err error) {
	if images, err = ReadIDX(imagesPath); err != nil {
		return nil, nil, err
	}
	if d := len(images.Dims); d != 2 && d != 3 {
		return nil, nil, &Error{Path: imagesPath, Offset: 3,
			Reason: fmt.Sprintf("images: expected 3 dimensions (n × height × width) or 2 (n × width), found %d: are images and labels swapped?", d)}
	}
	if labelsPath == "" {
		return images, nil, nil
	}
	if labels, err = ReadIDX(labelsPath); err != nil {
		return nil, nil, err
	}
	if d := len(labels.Dims); d != 1 {
		return nil, nil, &Error{Path: labelsPath, Offset: 3,
			Reason: fmt.Sprintf("labels: expected 1 dimension, found %d: are images and labels swapped?", d)}
	}
	if images.Dims[0] != labels.Dims[0] {
		return nil, nil, &Error{Path: labelsPath, Offset: 4,
			Reason: fmt.Sprintf("expected %d labels, one for each image of %s, found %d", images.Dims[0], imagesPath, labels.Dims[0])}
	}
	return images, labels, nil
}

func imageSize(x *IDX) *Image {
	m := &Image{Width: x.Dims[len(x.Dims)-1], Height: 1, Scale: 1.0 / 255}
	if len(x.Dims) == 3 {
		m.Height = x.Dims[1]
	}
	return m
}

func (p *Preprocess) encodeIDX(imagesPath string, images *IDX, labelsPath string, labels *IDX) (*Set, error) {
	m := imageSize(images)
	if p.Image == nil {
		return nil, &Error{Path: imagesPath, Offset: -1, Reason: fmt.Sprintf("the model takes a table of %d columns, not images", len(p.Columns))}
	}
	if m.Width*m.Height != p.Features() || m.Height != 1 && m.Height != p.Image.Height {
		return nil, &Error{Path: imagesPath, Offset: 4,
			Reason: fmt.Sprintf("expected images of height %d and width %d, found %d and %d", p.Image.Height, p.Image.Width, m.Height, m.Width)}
	}
	s, err := newSet(images.Dims[0], p, labels != nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", imagesPath, err)
	}
	for i, v := range images.Data {
		s.X[i] = float32(float64(v) * p.Image.Scale)
	}
	if labels == nil {
		return s, nil
	}
	if s.Regression() {
		return nil, &Error{Path: labelsPath, Offset: -1, Reason: "the model predicts quantities, IDX labels are classes: give a table"}
	}
	for i, c := range labels.Data {
		if int(c) >= s.Outputs {
			return nil, &Error{Path: labelsPath, Offset: int64(8 + i),
				Reason: fmt.Sprintf("label is %d: expected 0 to %d, the model has %d classes", c, s.Outputs-1, s.Outputs)}
		}
		s.Y[i*s.Outputs+int(c)] = 1
	}
	return s, nil
}

// FindIDX finds images and labels in a directory by the names that MNIST and
// Fashion-MNIST use, such as train-images-idx3-ubyte.gz. kind is "train" or
// "test" (files named t10k-… or test-…); idx may follow a dot, and the file may
// be uncompressed, which goes first.
func FindIDX(dir, kind string) (images, labels string, err error) {
	var prefixes []string
	switch kind {
	case "train":
		prefixes = []string{"train"}
	case "test":
		prefixes = []string{"t10k", "test"}
	default:
		return "", "", fmt.Errorf("find IDX files: kind is %q: need \"train\" or \"test\"", kind)
	}
	if images, err = findOne(dir, prefixes, "images", "idx3-ubyte"); err != nil {
		return "", "", err
	}
	if labels, err = findOne(dir, prefixes, "labels", "idx1-ubyte"); err != nil {
		return "", "", err
	}
	return images, labels, nil
}

func findOne(dir string, prefixes []string, what, suffix string) (string, error) {
	for _, prefix := range prefixes {
		for _, joint := range []string{"-", "."} {
			for _, end := range []string{"", ".gz"} {
				path := filepath.Join(dir, prefix+"-"+what+joint+suffix+end)
				if _, err := os.Stat(path); err == nil {
					return path, nil
				} else if !errors.Is(err, fs.ErrNotExist) {
					return "", err
				}
			}
		}
	}
	if _, err := os.Stat(dir); err != nil {
		return "", err
	}
	return "", fmt.Errorf("%s: no file %s-%s-%s[.gz]: %w", dir, prefixes[0], what, suffix, fs.ErrNotExist)
}

// LoadIDXDir is FindIDX and LoadIDX, with the class names that ClassNames knows.
func LoadIDXDir(dir, kind string) (*Set, *Preprocess, error) {
	images, labels, err := FindIDX(dir, kind)
	if err != nil {
		return nil, nil, err
	}
	s, p, err := LoadIDX(images, labels)
	if err != nil {
		return nil, nil, err
	}
	if names := ClassNames(dir); len(names) == s.Outputs {
		s.Classes, p.Classes = names, slices.Clone(names)
	}
	return s, p, nil
}

// ClassNames returns the names of the classes of a well-known data set, told by
// the name of its directory, or nil. It knows fashion-mnist, also FashionMNIST (Xiao, Rasul &
// Vollgraf, arXiv:1708.07747, 2017, table 2).
func ClassNames(dir string) []string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	name := strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(filepath.Base(dir)))
	if name != "fashionmnist" {
		return nil
	}
	return []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
		"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}
}
