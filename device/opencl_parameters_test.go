package device

import (
	"errors"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/kernels"
)

// A layer of more floats than kernels can count is refused, and one of a few less is not, on a device
// that would have the memory: 46400·46401 is more than 2³¹, and 46000·46001 with padding is less.
func TestLargestLayer(t *testing.T) {
	listing, err := List()
	if err != nil {
		cltest.Missing(t, err)
	}
	for _, family := range []kernels.Family{kernels.Block, kernels.Tile} {
		s := openFamily(t, listing.Devices[0], family, false).Sizing()
		s.(*opencl).info.MaxAllocation = 0 // bytes; no limit
		if _, err := s.NewParameters([]Shape{{In: 46000, Out: 46000}}); err != nil {
			t.Errorf("%s: %v", family, err)
		}
		before := s.Counters().Allocated
		_, err := s.NewParameters([]Shape{{In: 3, Out: 46400}, {In: 46400, Out: 46400}})
		var refused *MemoryError
		if !errors.As(err, &refused) || !refused.Single || refused.Have >= refused.Need || refused.Have < 4*46000*46001 ||
			!strings.Contains(err.Error(), "parameters of layer 1, 46400→46400") || !strings.Contains(err.Error(), "floats of a layer") {
			t.Errorf("%s: error %v", family, err)
		}
		if left := s.Counters().Allocated; left != before {
			t.Errorf("%s: %d bytes more are held after the refusal", family, left-before)
		}
	}
}
