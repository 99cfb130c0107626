package kernels

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clprop/clprop/cl"
)

const (
	// cacheMagic begins every entry. Its number goes up with the format.
	cacheMagic = "clprop program 1\n"
	cacheExt   = ".bin"
	cacheTemp  = ".new-"
	// cacheLimit is how many bytes all entries may have, entryLimit one of them.
	cacheLimit = 256 << 20
	entryLimit = 64 << 20
	// storeTime is for how long Store begins to store programs, but no longer than one storeShare-th
	// of the time since the Set was made, and not where that is less than storeLeast. To get a binary may
	// take as long as to compile it (PoCL compiles for any work-group size then); what is left over is
	// stored by the next process.
	storeTime  = 2 * time.Second
	storeShare = 4
	storeLeast = 100 * time.Millisecond
	// abandoned is the age at which a temporary file has no owner any more.
	abandoned = time.Hour
)

// cache is compiled programs on disk, for one device. It may cost time, but never
// a result: whatever is wrong with an entry, the program is compiled instead and
// the entry replaced. Nothing of it is an error.
//
// An entry is the file KEY.bin:
//
//	cacheMagic │ key [32]byte │ SHA-256 of the binary [32]byte │ binary
//
// The sum is checked before the driver sees the binary: there are drivers that end
// the process when given nonsense. An entry without a binary says that the driver has what it
// compiled in a cache of its own: to build the program from its source is as good.
type cache struct {
	dir      string
	device   []string // what a binary depends on besides source and options
	keeps    bool     // the driver has a cache of its own, which is slower than this for short programs
	opened   time.Time
	patience time.Duration // storeTime, but for tests
}

// cacheKey is the SHA-256 of all that a binary depends on.
type cacheKey [sha256.Size]byte

// openCache returns the cache of a device, or nil if there is none: switched off,
// no place for it, or of no use on the device.
func openCache(dev *cl.Device) *cache {
	dir := ProgramFolder()
	if dir == "" || !wantsCache(dev.Vendor(), dev.Name()) {
		return nil
	}
	return &cache{dir: dir, device: Identity(dev), keeps: keepsPrograms(dev), opened: time.Now(), patience: storeTime}
}

// Identity is what tells a device with its driver from another: names and versions of
// both and of the platform.
func Identity(dev *cl.Device) []string {
	identity := []string{dev.Vendor(), dev.Name(), dev.Version(), dev.DriverVersion()}
	if p := dev.Platform(); p != nil {
		identity = append(identity, p.Name(), p.Vendor(), p.Version())
	}
	return identity
}

// SourceHash is the SHA-256 of all kernel sources, in hexadecimal: a Tuning found for
// other sources is not worth more than a guess.
func SourceHash() string {
	sum := sha256.New()
	files, err := fs.ReadDir(sources, ".") // in order of name
	for _, file := range files {
		var text []byte
		if text, err = sources.ReadFile(file.Name()); err != nil {
			break
		}
		fmt.Fprintf(sum, "%s %d\n%s", file.Name(), len(text), text)
	}
	if err != nil {
		fmt.Fprint(sum, err) // sources is in the program: it cannot be
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// wantsCache is false for NVIDIA's driver, which keeps a cache of its own, and for
// Oclgrind, which shows the source lines that it was given.
func wantsCache(vendor, device string) bool {
	return !strings.Contains(strings.ToLower(vendor), "nvidia") && !strings.Contains(strings.ToLower(device), "oclgrind")
}

// keepsPrograms reports whether a driver keeps machine code itself. PoCL does, but to find it runs the
// compiler's preprocessor over the source, some 25 ms for any, which takes ten times as long as loading
// a binary; to make that takes as long as to compile, which for long programs never pays.
func keepsPrograms(dev *cl.Device) bool {
	p := dev.Platform()
	return p != nil && p.Name() == "Portable Computing Language" && os.Getenv("POCL_KERNEL_CACHE") != "0"
}

// key is the key of a program. Every part goes in with its length, so that no two
// lists of parts are the same text.
func (c *cache) key(source, options string) cacheKey {
	if c == nil {
		return cacheKey{}
	}
	sum := sha256.New()
	for _, part := range append([]string{cacheMagic, source, options}, c.device...) {
		binary.Write(sum, binary.LittleEndian, uint64(len(part)))
		io.WriteString(sum, part)
	}
	return cacheKey(sum.Sum(nil))
}

func (c *cache) path(key cacheKey) string {
	return filepath.Join(c.dir, hex.EncodeToString(key[:])+cacheExt)
}

// read returns the binary of a key, which is not nil but empty where the driver has it, or nil.
func (c *cache) read(key cacheKey) []byte {
	if c == nil {
		return nil
	}
	path := c.path(key)
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > entryLimit {
		return nil
	}
	entry, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	rest, ok := bytes.CutPrefix(entry, []byte(cacheMagic))
	if !ok || len(rest) < 2*sha256.Size || !bytes.Equal(rest[:sha256.Size], key[:]) {
		return nil
	}
	sum, payload := rest[sha256.Size:2*sha256.Size], rest[2*sha256.Size:]
	if actual := sha256.Sum256(payload); !bytes.Equal(sum, actual[:]) {
		return nil
	}
	now := time.Now()
	os.Chtimes(path, now, now) // so that prune removes what is not used any more
	return payload
}

// write puts a binary in its place, whole or not at all. Two processes may do so
// at once. There is no fsync: a file that a crash has torn fails its sum.
func (c *cache) write(key cacheKey, payload []byte) {
	if len(payload) > entryLimit-len(cacheMagic)-2*sha256.Size || os.MkdirAll(c.dir, 0o700) != nil {
		return
	}
	f, err := os.CreateTemp(c.dir, cacheTemp+"*")
	if err != nil {
		return
	}
	sum := sha256.Sum256(payload)
	_, err = f.Write(slices.Concat([]byte(cacheMagic), key[:], sum[:], payload))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), c.path(key))
	}
	if err != nil {
		os.Remove(f.Name())
	}
}

// prune removes entries until all together have at most limit bytes, those first
// that were not used for longest, and temporary files that a crash has left.
func (c *cache) prune(limit int64) {
	listed, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	var entries []fs.FileInfo
	total := int64(0)
	for _, entry := range listed {
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		switch {
		case strings.HasPrefix(info.Name(), cacheTemp) && time.Since(info.ModTime()) > abandoned:
			os.Remove(filepath.Join(c.dir, info.Name()))
		case filepath.Ext(info.Name()) == cacheExt:
			entries = append(entries, info)
			total += info.Size()
		}
	}
	slices.SortFunc(entries, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, oldest := range entries {
		if total <= limit {
			return
		}
		if os.Remove(filepath.Join(c.dir, oldest.Name())) == nil {
			total -= oldest.Size()
		}
	}
}

// load returns a program built from its binary, or nil: there is none, or one
// that the driver does not take, or without the kernel that is wanted.
func (s *Set) load(payload []byte, name, options string) *cl.Program {
	if len(payload) == 0 {
		return nil
	}
	devices := s.context.Devices() // one, or parts of one, which are alike
	program, err := s.context.CreateProgramWithBinary(devices, slices.Repeat([][]byte{payload}, len(devices)))
	if err != nil {
		return nil
	}
	if err := program.BuildProgram(devices, options); err != nil {
		program.Release()
		return nil
	}
	k, err := program.CreateKernel(name)
	if err != nil {
		program.Release()
		return nil
	}
	k.Release()
	return program
}

// Store writes what was compiled to the cache, until ctx ends. That is for the end, before
// Release, rather than when it was compiled: the first step does not wait for it, and
// PoCL's binaries then hold the machine code of the work-group sizes that were launched.
func (s *Set) Store(ctx context.Context) {
	if s.cache == nil {
		return
	}
	began, stored := time.Now(), false
	patience := min(s.cache.patience, began.Sub(s.cache.opened)/storeShare)
	if patience < storeLeast {
		patience = -1
	}
	bySize := func(a, b *built) int { return cmp.Or(cmp.Compare(a.size, b.size), bytes.Compare(a.key[:], b.key[:])) }
	for _, p := range slices.SortedFunc(maps.Values(s.programs), bySize) { // what takes least first
		inDriver := p.long && s.cache.keeps // which takes no time to note
		if !p.compiled || ctx.Err() != nil || !inDriver && time.Since(began) > patience {
			continue
		}
		binary := []byte{}
		if !inDriver {
			binaries, err := p.Binaries()
			if err != nil || len(binaries) != 1 || len(binaries[0]) == 0 {
				continue
			}
			binary = binaries[0]
		}
		s.cache.write(p.key, binary)
		p.compiled, stored = false, true
	}
	if stored {
		s.cache.prune(cacheLimit)
	}
}
