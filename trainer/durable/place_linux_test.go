package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

const nobody = 65534

// asNobody runs body in a folder of its own, as a user whom permissions stop.
func asNobody(t *testing.T, body func(folder string)) {
	t.Helper()
	folder, err := os.MkdirTemp("", "clprop-") // t.TempDir lies in a folder that others cannot enter
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	if os.Geteuid() == 0 {
		if err := os.Chown(folder, nobody, nobody); err != nil {
			t.Skip("no other user here:", err)
		}
		runtime.LockOSThread() // setfsuid is of one thread
		defer runtime.UnlockOSThread()
		syscall.Setfsuid(nobody)
		defer syscall.Setfsuid(0)
		if _, err := os.Stat(folder); err != nil {
			t.Skip("the folder of temporary files is not for all:", err)
		}
	}
	body(folder)
}

// A file that lies in another's sticky folder and is not one's own can be written and not replaced:
// that is said before training, and the file is as it was.
func TestCheckStickyFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make another user's file")
	}
	asNobody(t, func(folder string) {
		path := filepath.Join(folder, "model")
		syscall.Setfsuid(0)
		err := errors.Join(os.WriteFile(path, []byte("old"), 0o666), os.Chmod(path, 0o666), os.Chown(folder, 0, 0), os.Chmod(folder, 0o777|fs.ModeSticky))
		syscall.Setfsuid(nobody)
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(path); !errors.Is(err, fs.ErrPermission) || !strings.HasPrefix(err.Error(), "the file that is there cannot be replaced: ") {
			t.Errorf("error %v, want one of permission", err)
		}
		if err := Check(filepath.Join(folder, "other")); err != nil {
			t.Errorf("a new file there: %v", err)
		}
		is(t, path, "old")
		if err := WriteFile(path, text("new")); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "stays as "+path+".clprop-") {
			t.Errorf("error %v, want one of permission that names what is kept", err)
		}
	})
}

// A link into a folder that is not writable is found out, though that of the link is.
func TestCheckFollowsLink(t *testing.T) {
	asNobody(t, func(folder string) {
		inner := filepath.Join(folder, "inner")
		path, link := filepath.Join(inner, "model"), filepath.Join(folder, "link")
		if err := errors.Join(os.Mkdir(inner, 0o700), os.WriteFile(path, nil, 0o600), os.Symlink(path, link), os.Chmod(inner, 0o500)); err != nil {
			t.Fatal(err)
		}
		if err := Check(link); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("error %v, want one of permission", err)
		}
		if err := os.Chmod(inner, 0o700); err != nil {
			t.Fatal(err)
		}
	})
}
