package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
)

// envMain makes the test program be clprop, for tests that need a process of
// their own.
const envMain = "CLPROP_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(envMain) != "" {
		main() // exits
	}
	cleanup, forget := cltest.Setup(), cltest.SharePrograms()
	os.Unsetenv(device.EnvDevice) // the user's choice must not change what tests see
	code := m.Run()
	forget()
	cleanup()
	os.Exit(code)
}

// outcome is what a command line came to.
type outcome struct {
	code           int
	stdout, stderr string
}

// clprop runs a command line in this process.
func clprop(t *testing.T, args ...string) outcome {
	t.Helper()
	return clpropWith(t, context.Background(), "", args...)
}

func clpropWith(t *testing.T, ctx context.Context, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, strings.NewReader(stdin), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// succeeded ends the test unless the exit code is 0 and, as everywhere off a
// terminal, no control character but the line feed was written.
func (o outcome) succeeded(t *testing.T) outcome {
	t.Helper()
	if o.code != exitOK {
		t.Fatalf("exit code %d, stderr:\n%s", o.code, o.stderr)
	}
	for _, r := range o.stdout + o.stderr {
		if r < ' ' && r != '\n' {
			t.Fatalf("control character %q in\n%q\n%q", r, o.stdout, o.stderr)
		}
	}
	return o
}

// failed ends the test unless the exit code is code and stderr ends in the one
// line that clprop gives for an error.
func (o outcome) failed(t *testing.T, code int, line string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d", o.code, code)
	}
	if want := "clprop: " + line + "\n"; o.stderr != want {
		t.Errorf("stderr\n got %q\nwant %q", o.stderr, want)
	}
	if o.stdout != "" {
		t.Errorf("stdout has %q", o.stdout)
	}
}

// process is a command line for a process of its own.
func process(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(append(os.Environ(), envMain+"=1"), env...)
	return cmd
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// unpack reads a JSON object, of which every field must be known.
func unpack(t *testing.T, text string, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
}

// flowers is a table of three kinds that a line apart of each other tells apart.
func flowers(rows int) string {
	var b strings.Builder
	b.WriteString("length,width,species\n")
	for i := range rows {
		kind := i % 3
		fmt.Fprintf(&b, "%g,%g,%s\n", float64(10*kind)+float64(i%7)/7, float64(i%5), []string{"rose", "iris", "lily"}[kind])
	}
	return b.String()
}

// images and labels are IDX files of n 2 × 2 images in two classes.
func images(n int) string {
	b := []byte{0, 0, 8, 3, 0, 0, 0, byte(n), 0, 0, 0, 2, 0, 0, 0, 2}
	for i := range n {
		b = append(b, byte(255*(i%2)), byte(i), byte(i), 255)
	}
	return string(b)
}

func labels(n int) string {
	b := []byte{0, 0, 8, 1, 0, 0, 0, byte(n)}
	for i := range n {
		b = append(b, byte(i%2))
	}
	return string(b)
}

// idxFolder writes a directory as MNIST has them.
func idxFolderOf(t *testing.T, train, test int) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"train-images-idx3-ubyte": images(train), "train-labels-idx1-ubyte": labels(train),
		"t10k-images-idx3-ubyte": images(test), "t10k-labels-idx1-ubyte": labels(test),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// model trains a model on the data that the arguments name.
func model(t *testing.T, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	clprop(t, append([]string{"train", "--device", "cpuref", "--quiet", "--out", path}, args...)...).succeeded(t)
	return path
}
