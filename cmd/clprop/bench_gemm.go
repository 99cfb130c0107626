package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// gemmSize is a product: m × k by k × n.
type gemmSize struct{ m, n, k int }

func (s gemmSize) String() string { return fmt.Sprintf("%dx%dx%d", s.m, s.n, s.k) }

func (s gemmSize) flops() float64 { return 2 * float64(s.m) * float64(s.n) * float64(s.k) }

// smaller lists copies of s with all sizes divided by powers of two, the smallest first, as those
// of a benchCase.
func (s gemmSize) smaller() []gemmSize {
	var rungs []gemmSize
	for shift := 1; ; shift++ {
		r := gemmSize{max(s.m>>shift, 1), max(s.n>>shift, 1), max(s.k>>shift, 1)}
		rungs = append([]gemmSize{r}, rungs...)
		if max(r.m, r.n, r.k) == 1 || r.flops() <= probeFLOPs {
			return rungs
		}
	}
}

// gemmLayouts are the three products of a training step, C m × n of m·n·k
// multiply-adds each:
//
//	forward     C = A Bᵀ    A m × k, B n × k, and a bias
//	delta       C = A B     A m × k, B k × n
//	accumulate  C = Aᵀ B    A k × m, B k × n, and the column sums of A
var gemmLayouts = []string{"forward", "delta", "accumulate"}

// gemmJSON is what bench --gemm prints as JSON.
type gemmJSON struct {
	Schema  int          `json:"schema"`
	Version string       `json:"version"`
	Seconds float64      `json:"seconds"`
	Repeat  int          `json:"repeat"`
	Results []gemmResult `json:"results"`
}

// gemmResult is one product on one device.
type gemmResult struct {
	Layout   string      `json:"layout"`
	M        int         `json:"m"`
	N        int         `json:"n"`
	K        int         `json:"k"`
	Device   deviceJSON  `json:"device"`
	Status   string      `json:"status"` // as of a benchResult, and failed too where the product is wrong
	Why      string      `json:"why"`    // not measured, or wrong; "" otherwise
	Launches int         `json:"launches"`
	Products int         `json:"products_per_run"`
	Runs     []int64     `json:"run_ns"`
	GFLOPS   benchSpread `json:"gflops"`
	Peaks    *peaksJSON  `json:"peaks"`
	OfPeak   *float64    `json:"of_peak"` // as of a benchResult
	// Difference is ‖C − C_ref‖ / ‖C_ref‖, where the CPU reference computed C_ref; null without one.
	Difference *float64 `json:"difference"`

	err   error // behind failed
	c     []float32
	turns *turns
}

// checkGEMM refuses no sizes, and with --gemm what says how steps are measured.
func (f *benchFlags) checkGEMM(cmd *cobra.Command) error {
	if cmd.Flags().Changed("gemm") && len(f.gemm) == 0 {
		return usage(cmd, "--gemm: no size given, such as 128x512x784 (m x n x k)")
	}
	for _, flag := range []string{"kernels", "net", "batch", "activation", "output", "network"} {
		if len(f.gemm) > 0 && cmd.Flags().Changed(flag) {
			return usage(cmd, "--gemm measures products and no steps, and --%s is for steps: leave one out", flag)
		}
	}
	return nil
}

// gemmSizes reads --gemm.
func (f *benchFlags) gemmSizes() ([]gemmSize, error) {
	var sizes []gemmSize
	for _, text := range f.gemm {
		parts := strings.Split(strings.TrimSpace(text), "x")
		var v []int
		for _, part := range parts {
			size, err := strconv.Atoi(part)
			if err != nil || size < 1 || size > 1<<14 {
				return nil, fmt.Errorf("--gemm %q: need sizes of 1 to %d, as in 128x512x784 (m x n x k)", text, 1<<14)
			}
			v = append(v, size)
		}
		if len(v) != 3 {
			return nil, fmt.Errorf("--gemm %q: need three sizes, m x n x k, as in 128x512x784", text)
		}
		sizes = append(sizes, gemmSize{v[0], v[1], v[2]})
	}
	return sizes, nil
}
