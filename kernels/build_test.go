package kernels

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl"
)

// Every kernel of every source but those that only measure is built; the family for GPUs
// does without some.
func TestBuildAll(t *testing.T) {
	var all []string
	files, err := fs.Glob(sources, "*.cl")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := sources.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`__kernel void (\w+)\(`).FindAllSubmatch(text, -1) {
			if file != "peak.cl" {
				all = append(all, string(match[1]))
			}
		}
	}
	both := true // families on the last device: PoCL, which comes before, takes minutes for tiles
	for _, b := range slices.Backward(open(t)) {
		if b.simulated { // every test of a launcher compiles there
			continue
		}
		families := []Tuning{DefaultTuning(b.device)}
		if both {
			families = []Tuning{BlockTuning(b.device), TileTuning(b.device)}
		}
		both = false
		for _, tuning := range families {
			s := NewSet(b.context, b.device, tuning)
			built, err := s.BuildAll(t.Context())
			s.Release()
			if err != nil {
				t.Fatalf("%s, %s: %v", b.device.Name(), tuning.Family, err)
			}
			for _, name := range all {
				onlyBlock := slices.Contains([]string{"backprop", "descendall", "hiddendot", "hiddenlanes", "pack", "panel"}, name)
				if !slices.Contains(built, name) && (tuning.Family == Block || !onlyBlock) {
					t.Errorf("%s, %s: %s is not built: it has %v", b.device.Name(), tuning.Family, name, built)
				}
			}
		}
	}
}

// One file that does not compile is named, and the kernels of the others are built.
func TestBuildAllSaysWhatFails(t *testing.T) {
	for _, b := range slices.Backward(open(t)) { // the last compiler is the fastest
		if b.simulated {
			continue
		}
		s := NewSet(b.context, b.device, Tuning{Family: Block, VW: 4, MRs: []int{3}, NV: 1, RowsPerItem: 1, Chunk: 1}) // no block is 3 high
		built, err := s.BuildAll(t.Context())
		s.Release()
		if !errors.Is(err, cl.ErrBuildProgramFailure) || !strings.Contains(err.Error(), "kernel forward") {
			t.Errorf("%s: %v", b.device.Name(), err)
		}
		if !slices.Contains(built, "sgd") || slices.Contains(built, "forward") {
			t.Errorf("%s: built %v", b.device.Name(), built)
		}
		return // one compiler is enough
	}
}
