package kernels

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Whatever is in the file of an entry, what is read is nothing, or the bytes after the head
// with their sum in it: no driver sees anything else. It takes no more memory than 4 × the
// file + 1 MiB.
func FuzzCacheEntry(f *testing.F) {
	c := &cache{dir: f.TempDir()}
	key := c.key("__kernel void k() {}", "-cl-std=CL1.2")
	sum := sha256.Sum256([]byte("binary"))
	good := append(append(append([]byte(cacheMagic), key[:]...), sum[:]...), "binary"...)
	f.Add(good)
	for _, spoil := range faults {
		f.Add(spoil(bytes.Clone(good)))
	}
	path := filepath.Join(c.dir, filepath.Base(c.path(key)))
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		payload := c.read(key)
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 4*uint64(len(content))+1<<20 {
			t.Fatalf("%d bytes for a file of %d", grown, len(content))
		}
		if payload == nil {
			return
		}
		sum := sha256.Sum256(payload)
		head := append(append([]byte(cacheMagic), key[:]...), sum[:]...)
		if !bytes.Equal(content, append(head, payload...)) {
			t.Fatalf("%q was taken for an entry", content)
		}
	})
}
