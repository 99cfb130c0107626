package data

import (
	"errors"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Links that stay in a folder of examples are followed, those that lead out of it are named
// and refused, unless they are to be followed: of files, of classes, of parts.
func TestLinksOutOfAFolder(t *testing.T) {
	black := func(int, int) color.Color { return color.Black }
	base := t.TempDir()
	pictureFile(t, filepath.Join(base, "secret/s.png"), 1, 1, black)
	for name, c := range map[string]struct {
		at, to string // a link in the folder
		refuse bool
	}{
		"file inside":       {"train/cat/2.png", "../../store/1.png", false},
		"file by its path":  {"train/cat/2.png", "BASE/data/store/1.png", false},
		"class inside":      {"train/dog", "../store", false},
		"text outside":      {"train/cat/README", "BASE/secret/s.png", false},
		"file outside":      {"train/cat/2.png", "BASE/secret/s.png", true},
		"file, relative":    {"train/cat/2.png", "../../../secret/s.png", true},
		"class outside":     {"train/dog", "../../secret", true},
		"link to a link":    {"train/cat/2.png", "../../store/link.png", true},
		"in a class inside": {"train/dog", "../linked", true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(base, "data")
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"train/cat/1.png", "store/1.png", "linked/1.png"} {
				pictureFile(t, filepath.Join(dir, file), 1, 1, black)
			}
			for at, to := range map[string]string{c.at: strings.Replace(c.to, "BASE", base, 1),
				"store/link.png": "../../secret/s.png", "linked/2.png": "../../secret/s.png"} {
				if at == "store/link.png" && name == "class inside" {
					continue
				}
				if err := os.Symlink(to, filepath.Join(dir, at)); err != nil {
					t.Skip("no symbolic links here:", err)
				}
			}
			_, err := Read(dir, Options{})
			if !c.refuse && err != nil {
				t.Error(err)
			}
			if c.refuse && (!errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "/secret") || !strings.Contains(err.Error(), "--follow-links")) {
				t.Errorf("error %v", err)
			}
			if _, err := Read(dir, Options{FollowLinks: true}); err != nil {
				t.Errorf("with links that are followed: %v", err)
			}
		})
	}
}

// A folder that is named by a link is read, and so is one whose parts are links inside; a part or
// an IDX file that lies elsewhere is not.
func TestLinkedFolders(t *testing.T) {
	base := t.TempDir()
	dir, link := filepath.Join(base, "data"), filepath.Join(base, "link")
	pictureFile(t, filepath.Join(dir, "real/cat/1.png"), 1, 1, func(int, int) color.Color { return color.Black })
	if err := errors.Join(os.Symlink(dir, link), os.Symlink("real", filepath.Join(dir, "train"))); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if _, err := Read(link, Options{}); err != nil {
		t.Error(err)
	}
	if err := os.Symlink(filepath.Join(dir, "real"), filepath.Join(base, "test")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../test", filepath.Join(dir, "test")); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir, Options{Part: TestPart}); err != nil { // it leads in again
		t.Error(err)
	}
	idx := t.TempDir()
	for name, content := range map[string]string{
		"train-images-idx3-ubyte": "\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x01ab",
		"train-labels-idx1-ubyte": "\x00\x00\x08\x01\x00\x00\x00\x02\x00\x01",
	} {
		target := filepath.Join(base, name)
		if err := errors.Join(os.WriteFile(target, []byte(content), 0o666), os.Symlink(target, filepath.Join(idx, name))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Read(idx, Options{}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "--follow-links") {
		t.Errorf("error %v", err)
	}
	if raw, err := Read(idx, Options{FollowLinks: true}); err != nil || raw.Rows() != 2 {
		t.Errorf("%v, %v", raw, err)
	}
}
