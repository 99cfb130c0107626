package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// LoadIDX reads a pair of IDX files: images, n × height × width or n × width, and
// their n labels. Pixels become x = p/255; labels 0..k−1 become one-hot rows of
// k classes named "0", "1", …
func LoadIDX(imagesPath, labelsPath string) (*Set, *Preprocess, error) {
	return load(readIDXPair(imagesPath, labelsPath, nil, MapNever))
}

// load takes images as they are.
func load(m *Images, err error) (*Set, *Preprocess, error) {
	if err != nil {
		return nil, nil, err
	}
	p, err := m.Fit(nil, FitOptions{})
	if err != nil {
		return nil, nil, err
	}
	s, err := m.Set(p)
	return s, p, err
}

// LoadIDX reads IDX files as LoadIDX of the package does, for a model that
// exists: images must have its size, and labels must be below its number of
// classes. An empty labelsPath gives a Set without labels.
func (p *Preprocess) LoadIDX(imagesPath, labelsPath string) (*Set, error) {
	m, err := readIDXPair(imagesPath, labelsPath, nil, MapNever)
	if err != nil {
		return nil, err
	}
	return m.Set(p)
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
	return load(readIDXPair(images, labels, ClassNames(dir), MapNever))
}

// LabelsBeside names the file of labels that goes with a file of images, by the
// names that MNIST uses, or returns "".
func LabelsBeside(images string) string {
	dir, name := filepath.Split(images)
	labels := strings.NewReplacer("images", "labels", "idx3", "idx1").Replace(name)
	if labels == name {
		return ""
	}
	if info, err := os.Stat(dir + labels); err != nil || !info.Mode().IsRegular() {
		return "" // a pipe is waited for only by who names it
	}
	return dir + labels
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
