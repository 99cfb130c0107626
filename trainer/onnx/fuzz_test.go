package onnx

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// allocated returns the bytes that do allocates, garbage included.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// costs checks that reading content takes no more than it may.
func costs(t *testing.T, content []byte) (f *File, err error) {
	t.Helper()
	limit := 4*uint64(len(content)) + 1<<20
	for try := 1; ; try++ {
		got := allocated(func() { f, err = Read(bytes.NewReader(content), int64(len(content)), "") })
		if got <= limit {
			return f, err
		}
		if try == 3 { // others in the process allocate too
			t.Fatalf("reading %d bytes allocated %d, at most %d", len(content), got, limit)
		}
	}
}

// Files of many small parts cost most for their size.
func TestReadAllocation(t *testing.T) {
	many := func(field protowire.Number, part func(i int) message) []byte {
		var set, graph, model message
		set.integer(opsetVersion, opset)
		model.message(modelOpsetImport, set)
		graph.message(graphInput, batchOf("x", 2))
		for i := range 30_000 {
			graph.message(field, part(i))
		}
		graph.message(graphOutput, batchOf("y", 2))
		model.message(modelGraph, graph)
		return model
	}
	name := func(i int) string {
		return string(rune('!'+i%90)) + string(rune('!'+i/90%90)) + string(rune('!'+i/8100))
	}
	for what, content := range map[string][]byte{
		"nodes":        many(graphNode, func(i int) message { return node("Identity", []string{"x"}, name(i)) }),
		"initializers": many(graphInitializer, func(i int) message { var m message; m.text(tensorName, name(i)); return m }),
		"metadata":     bytes.Repeat(func() (m message) { m.message(modelMetadata, pair(keyInputs, "")); return m }(), 30_000),
		"vectors": func() []byte {
			var set, graph, model message
			set.integer(opsetVersion, opset)
			model.message(modelOpsetImport, set)
			graph.message(graphInitializer, append(tensorHead("v", []int{1 << 16}), bytes.Repeat([]byte{0, 0, 0x80, 0x3f}, 1<<16)...))
			graph.message(graphInput, batchOf("a", 1<<16))
			from := "a"
			for i := range 500 {
				graph.message(graphNode, node("Add", []string{from, "v"}, name(i)))
				from = name(i)
			}
			graph.message(graphOutput, batchOf("y", 2))
			model.message(modelGraph, graph)
			return model
		}(),
	} {
		if _, err := costs(t, content); err == nil {
			t.Errorf("%s: taken", what)
		} else {
			t.Logf("%s: %v", what, err)
		}
	}
}

// Whatever is in a file, Read ends in an error or in a network that can be trained, which
// Write writes so that Read reads the same.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/torch/*-17.onnx", "testdata/written/*.onnx"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("%s: %d files (%v)", pattern, len(paths), err)
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(content)
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := costs(t, content)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("%q", err)
			}
			return
		}
		m, err := file.Model(nil)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := Write(&b, m, Options{}); err != nil {
			t.Fatal(err)
		}
		again, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), "")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := again.Network.Parameters(), m.Network.Parameters(); got != want || again.Network.Hidden != m.Network.Hidden && len(m.Network.Sizes) > 2 {
			t.Fatalf("%v became %v", m.Network, again.Network)
		}
	})
}
