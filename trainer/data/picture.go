package data

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // formats of pictures
	_ "image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds on a picture before it is decoded: a small file may promise a large one.
const (
	maxPicture      = 1 << 25 // pixels
	maxPictureBytes = 1 << 26 // bytes of the file
)

// readPicture reads one picture, as one row.
func (s *source) readPicture(opts Options) (*Images, error) {
	m := &Images{path: s.path, Width: opts.ImageWidth, Height: opts.ImageHeight}
	return m, m.add(s.path, s.r)
}

// readImageFolder reads a folder for each class with PNG or JPEG files in it, as
// Keras' image_dataset_from_directory and torchvision's ImageFolder do, or a folder
// of files without labels. The folders may be in one that is called train or test.
// Classes and files are in the order of their names; names that begin with a dot
// are passed over. Pictures become grey, and as large as the first.
func readImageFolder(dir string, opts Options) (*Images, error) {
	root, err := partFolder(dir, opts.Part)
	if err == nil {
		err = contained(dir, root, opts)
	}
	if err != nil {
		return nil, err
	}
	m := &Images{path: dir, labelsPath: root, labelsAt: -1, Width: opts.ImageWidth, Height: opts.ImageHeight}
	folders, files, err := pictures(dir, root, opts)
	if err != nil {
		return nil, err
	}
	if len(folders) > 0 && len(files) > 0 {
		return nil, &Error{Path: root, Offset: -1, Reason: "pictures beside folders: put each picture in the folder of its class"}
	}
	if len(folders) > maxCategories {
		return nil, &Error{Path: root, Offset: -1, Reason: fmt.Sprintf("%d folders of classes: expected at most %d", len(folders), maxCategories)}
	}
	if err := m.addFiles(root, files); err != nil {
		return nil, err
	}
	for c, name := range folders {
		_, files, err := pictures(dir, filepath.Join(root, name), opts)
		if err != nil {
			return nil, err
		}
		if err := m.addFiles(filepath.Join(root, name), files); err != nil {
			return nil, err
		}
		m.Classes = append(m.Classes, name)
		m.class = append(m.class, slices.Repeat([]int32{int32(c)}, len(files))...)
	}
	if len(m.Pixels) == 0 {
		return nil, &Error{Path: root, Offset: -1, Reason: "no PNG or JPEG files, nor folders of them, nor IDX files"}
	}
	return m, nil
}

// partFolder returns the folder of a part: the one inside that has its name, or dir
// itself if it has no parts.
func partFolder(dir string, part Part) (string, error) {
	is := func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.IsDir()
	}
	for _, name := range part.names() {
		if name == "" && is("train") {
			break
		}
		if is(name) {
			return filepath.Join(dir, name), nil
		}
	}
	return "", &Error{Path: dir, Offset: -1, Reason: "no folder " + part.names()[0] + " in it", Err: ErrNoPart}
}

// pictures lists the folders and the files of pictures in a folder, sorted. root is the one
// that links must not lead out of.
func pictures(root, dir string, opts Options) (folders, files []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		path := filepath.Join(dir, name)
		info, err := os.Stat(path) // of what a link leads to
		if err != nil {
			return nil, nil, err
		}
		ext := strings.ToLower(filepath.Ext(name))
		switch {
		case info.IsDir():
			folders = append(folders, name)
		case ext != ".png" && ext != ".jpg" && ext != ".jpeg":
			continue
		default:
			files = append(files, name)
		}
		if err := contained(root, path, opts); err != nil {
			return nil, nil, err
		}
	}
	return folders, files, nil
}

func (m *Images) addFiles(dir string, files []string) error {
	for _, name := range files {
		path := filepath.Join(dir, name)
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		err = m.add(path, f)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add decodes a picture and appends its pixels.
func (m *Images) add(path string, r io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(r, maxPictureBytes+1))
	if err != nil {
		return &Error{Path: path, Offset: int64(len(b)), Err: err}
	}
	if len(b) > maxPictureBytes {
		return &Error{Path: path, Offset: -1, Reason: fmt.Sprintf("a picture of more than %d bytes", maxPictureBytes)}
	}
	grey, err := decodePicture(path, b)
	if err != nil {
		return err
	}
	if m.Width == 0 || m.Height == 0 {
		m.Width, m.Height = grey.Rect.Dx(), grey.Rect.Dy()
	}
	if m.Width*m.Height*(m.rows()+1) > maxValues {
		return &Error{Path: path, Offset: -1, Reason: fmt.Sprintf("more than %d pixels in all: choose a smaller size of images", maxValues)}
	}
	m.Pixels = append(m.Pixels, resize(grey, m.Width, m.Height)...)
	return nil
}

func (m *Images) rows() int {
	if m.Width*m.Height == 0 {
		return 0
	}
	return m.Rows()
}

// decodePicture makes a picture grey: Y = 0.299 R + 0.587 G + 0.114 B (ITU-R
// BT.601), as image/color does.
func decodePicture(path string, b []byte) (*image.Gray, error) {
	config, kind, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, &Error{Path: path, Offset: -1, Reason: "not a PNG or JPEG file: " + err.Error()}
	}
	if w, h := config.Width, config.Height; w < 1 || h < 1 || w > maxPicture/h {
		return nil, &Error{Path: path, Offset: -1, Reason: fmt.Sprintf("%d × %d pixels: expected at most %d", w, h, maxPicture)}
	}
	picture, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, &Error{Path: path, Offset: -1, Reason: "broken " + kind + ": " + err.Error()}
	}
	if grey, ok := picture.(*image.Gray); ok {
		return grey, nil
	}
	grey := image.NewGray(picture.Bounds())
	for y := grey.Rect.Min.Y; y < grey.Rect.Max.Y; y++ {
		for x := grey.Rect.Min.X; x < grey.Rect.Max.X; x++ {
			grey.Set(x, y, color.GrayModel.Convert(picture.At(x, y)))
		}
	}
	return grey, nil
}

// resize gives a picture w × h pixels. Each is the mean of the pixels that it
// covers, by the area of what it covers of them.
func resize(m *image.Gray, w, h int) []byte {
	cols, rows := overlaps(m.Rect.Dx(), w), overlaps(m.Rect.Dy(), h)
	out := make([]byte, 0, w*h)
	for _, row := range rows {
		for _, col := range cols {
			sum := 0.0
			for i, wy := range row.weights {
				line := m.Pix[(row.first+i)*m.Stride+col.first:]
				for j, wx := range col.weights {
					sum += wy * wx * float64(line[j])
				}
			}
			out = append(out, byte(sum+0.5))
		}
	}
	return out
}

// overlap is the part that pixels from first on have in a new one; the weights add
// up to 1.
type overlap struct {
	first   int
	weights []float64
}

// overlaps divides from pixels among to new ones of the same width: new pixel i
// covers [i·from/to, (i+1)·from/to).
func overlaps(from, to int) []overlap {
	parts := make([]overlap, to)
	size := float64(from) / float64(to)
	for i := range parts {
		begin, end := i*from, (i+1)*from // in units of 1/to
		p := &parts[i]
		p.first = begin / to
		for k := p.first; k*to < end; k++ {
			covered := min(end, (k+1)*to) - max(begin, k*to)
			p.weights = append(p.weights, float64(covered)/float64(to)/size)
		}
	}
	return parts
}
