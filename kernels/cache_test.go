package kernels

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// cached gives a test its own cache folder.
func cached(t *testing.T) (dir string) {
	dir = t.TempDir()
	t.Setenv(EnvCache, "")
	t.Setenv(EnvCacheDir, dir)
	return filepath.Join(dir, "programs")
}

// forwarded is what a new Set with the default tuning makes of a forward pass, and
// how many of its programs it had to compile.
func (f fixture) forwarded() (got []float32, compiled int) {
	f.Helper()
	f.set = NewSet(f.context, f.device, DefaultTuning(f.device))
	defer f.set.Release()
	defer f.set.Store(f.Context())
	if f.set.cache != nil {
		f.set.cache.patience, f.set.cache.opened = time.Hour, time.Time{} // for a busy machine
	}
	a, theta := normal(0, 5, 7, 1), randomLayer(1, 7, 19)
	out := f.output(5, 19)
	f.run(f.set.Forward("tanh", f.matrix(a), f.weights(theta), out))
	for _, p := range f.set.programs {
		if p.compiled {
			compiled++
		}
	}
	return f.values(out).Data, compiled
}

// What is loaded from the cache gives the bits that the compiled program gives, and
// whatever is wrong with an entry, the program is compiled and the entry replaced.
func TestCache(t *testing.T) {
	for _, b := range open(t) {
		t.Run(b.device.Platform().Name(), func(t *testing.T) {
			if !wantsCache(b.device.Vendor(), b.device.Name()) {
				t.Skip("no cache on this device")
			}
			dir := cached(t)
			f := b.fixture(t, "block", DefaultTuning(b.device))
			want, compiled := f.forwarded()
			if compiled != 2 { // the product, and what has no activation
				t.Fatalf("%d programs compiled at first, want 2", compiled)
			}
			check := func(what string, due int) {
				t.Helper()
				got, compiled := f.forwarded()
				if compiled != due || !slices.Equal(got, want) {
					t.Errorf("%s: %d programs compiled, want %d; results equal: %v", what, compiled, due, slices.Equal(got, want))
				}
			}
			check("stored", 0)
			for what, spoil := range faults {
				for _, path := range entries(t, dir) {
					good, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, spoil(bytes.Clone(good)), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				check(what, 2)
				check(what+", replaced", 0)
			}
			swap(t, entries(t, dir))
			check("entries exchanged", 2)
			check("entries exchanged, replaced", 0)
		})
	}
}

// Of a long program PoCL's binary is not asked for: the next Set builds it from its source, which is as good as cached,
// and no other.
func TestCacheOfLongPrograms(t *testing.T) {
	for _, b := range open(t) {
		t.Run(b.device.Platform().Name(), func(t *testing.T) {
			if !wantsCache(b.device.Vendor(), b.device.Name()) {
				t.Skip("no cache on this device")
			}
			cached(t)
			f := b.fixture(t, "block", DefaultTuning(b.device))
			const source, other = "__kernel void joined(const int n) {}", "__kernel void joined(const float n) {}"
			first := NewSet(f.context, f.device, DefaultTuning(f.device))
			defer first.Release()
			first.cache.patience, first.cache.opened = time.Hour, time.Time{}
			if first.cache.keeps {
				first.cache.patience = -1 // a note takes none
			}
			p, err := first.program(joinedName, source, "")
			if err != nil || !p.compiled {
				t.Fatalf("error %v, or it was cached", err)
			}
			first.programs["joined"] = p
			first.Store(t.Context())
			kept := first.cache.read(p.key)
			if poclKeeps := keepsPrograms(b.device); kept == nil || (len(kept) == 0) != poclKeeps {
				t.Errorf("a binary of %d bytes is stored, the driver keeps its own: %v", len(kept), poclKeeps)
			}
			second := NewSet(f.context, f.device, DefaultTuning(f.device))
			defer second.Release()
			second.CachedOnly = true
			again, err := second.program(joinedName, source, "")
			if err != nil || again.compiled {
				t.Fatalf("error %v, or it counts as compiled", err)
			}
			second.programs["joined"] = again
			if k, err := again.CreateKernel(joinedName); err != nil {
				t.Error(err)
			} else {
				k.Release()
			}
			if _, err := second.program(joinedName, other, ""); !errors.Is(err, ErrNotCached) {
				t.Errorf("of another source: %v", err)
			}
		})
	}
}

// faults are what may befall a file.
var faults = map[string]func([]byte) []byte{
	"empty":             func([]byte) []byte { return nil },
	"header only":       func(b []byte) []byte { return b[:len(cacheMagic)+64] },
	"cut":               func(b []byte) []byte { return b[:len(b)-1] },
	"longer":            func(b []byte) []byte { return append(b, 0) },
	"another magic":     func(b []byte) []byte { b[0]++; return b },
	"another key":       func(b []byte) []byte { b[len(cacheMagic)]++; return b },
	"a sum that is off": func(b []byte) []byte { b[len(cacheMagic)+40]++; return b },
	"a bit flipped":     func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
	"not an entry":      func([]byte) []byte { return bytes.Repeat([]byte("nonsense"), 1000) },
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"+cacheExt))
	if err != nil || len(paths) != 2 {
		t.Fatalf("entries %q, error %v; want 2", paths, err)
	}
	return paths
}

// swap exchanges two files.
func swap(t *testing.T, paths []string) {
	t.Helper()
	for _, move := range [][2]string{{paths[0], paths[0] + "x"}, {paths[1], paths[0]}, {paths[0] + "x", paths[1]}} {
		if err := os.Rename(move[0], move[1]); err != nil {
			t.Fatal(err)
		}
	}
}

// Where no cache can be, kernels work all the same.
func TestCacheWithoutPlace(t *testing.T) {
	b := open(t)[0]
	f := b.fixture(t, "block", DefaultTuning(b.device))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, env := range [][2]string{{EnvCache, "off"}, {EnvCacheDir, file}, {EnvCacheDir, "/dev/null/x"}} {
		cached(t)
		t.Setenv(env[0], env[1])
		for range 2 {
			if _, compiled := f.forwarded(); compiled != 2 {
				t.Errorf("%s=%s: %d programs compiled, want 2", env[0], env[1], compiled)
			}
		}
	}
}

// Each part of a key matters, and where one part ends and the next begins.
func TestCacheKey(t *testing.T) {
	c := &cache{device: []string{"vendor", "device", "1.0"}}
	seen := map[cacheKey]bool{c.key("source", "-D A"): true}
	for i, k := range []cacheKey{
		c.key("source ", "-D A"), c.key("source", "-D B"), c.key("source-D A", ""),
		(&cache{device: []string{"vendor", "device", "1.1"}}).key("source", "-D A"),
		(&cache{device: []string{"vendor", "device1", ".0"}}).key("source", "-D A"),
	} {
		if seen[k] {
			t.Errorf("key %d is that of something else", i)
		}
		seen[k] = true
	}
}

// The limit removes what was not used for longest, and what a crash has left.
func TestCachePrune(t *testing.T) {
	c := &cache{dir: t.TempDir()}
	var paths []string
	old := time.Now().Add(-2 * abandoned)
	for i := range 4 {
		k := c.key(strconv.Itoa(i), "")
		c.write(k, make([]byte, 1000))
		paths = append(paths, c.path(k))
		if err := os.Chtimes(c.path(k), old, old.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if c.read(c.key("0", "")) == nil { // the oldest was just used
		t.Fatal("entry 0 does not read")
	}
	left, fresh, other := filepath.Join(c.dir, cacheTemp+"1"), filepath.Join(c.dir, cacheTemp+"2"), filepath.Join(c.dir, "README")
	for _, path := range []string{left, fresh, other} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	c.prune(2500) // room for two entries of 1000 bytes and their headers
	for path, want := range map[string]bool{
		paths[0]: true, paths[1]: false, paths[2]: false, paths[3]: true, left: false, fresh: true, other: true,
	} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: there is %v, want %v", filepath.Base(path), err == nil, want)
		}
	}
}

// NVIDIA's driver has its own cache; the simulator wants sources.
func TestWantsCache(t *testing.T) {
	for _, c := range []struct {
		vendor, device string
		want           bool
	}{
		{"NVIDIA Corporation", "NVIDIA H100", false}, {"Oclgrind", "Oclgrind Simulator", false}, {"AuthenticAMD", "pthread-haswell", true},
	} {
		if got := wantsCache(c.vendor, c.device); got != c.want {
			t.Errorf("%s: %v", c.device, got)
		}
	}
}
