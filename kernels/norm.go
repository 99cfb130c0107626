package kernels

import "maps"

// Norm is what the normalisation of a layer holds: layers of biases alone, In 0, which lie
// unit by unit. Mean and Variance, and Share, which is ρ of both, are for batch
// normalisation.
type Norm struct {
	Gamma, Beta, Mean, Variance Weights
	Eps, Share                  float64
}

// of reports whether γ and β are those of units units.
func (n Norm) of(units int) bool {
	return n.Gamma.In == 0 && n.Beta.In == 0 && n.Gamma.Out == units && n.Beta.Out == units
}

// wideStrip is STRIP of strip.cl where there are columns enough for all cores.
const wideStrip = 4

// overColumns is a launch of a kernel that sums over the rows of cols columns. See strip.cl.
func (s *Set) overColumns(name string, cols int, mac macros, files ...string) (*Launch, error) {
	mac = maps.Clone(mac)
	if s.Tuning.Family == Block {
		vectors := ceilDiv(cols, s.Tuning.VW)
		mac["STRIP"] = 1
		if vectors >= 2*wideStrip*s.device.MaxComputeUnits() {
			mac["STRIP"], vectors = wideStrip, ceilDiv(vectors, wideStrip)
		}
		k, err := s.kernel(name, mac, files...)
		if err != nil {
			return nil, err
		}
		return s.launch(name, k, []int{vectors}, []int{1})
	}
	lanes := min(32, s.local)
	slices := max(1, min(8, s.device.MaxWorkGroupSize()/lanes))
	if sizes := s.device.MaxWorkItemSizes(); len(sizes) < 2 || sizes[1] < slices {
		slices = 1
	}
	mac["VW"], mac["LANES"], mac["SLICES"] = 1, lanes, slices
	k, err := s.kernel(name, mac, files...)
	if err != nil {
		return nil, err
	}
	return s.launch(name, k, []int{roundUp(cols, lanes), slices}, []int{lanes, slices})
}

// byRow is a launch of a kernel that sums over the columns of each row. See layernorm.cl.
func (s *Set) byRow(name string, rows int, mac macros, files ...string) (*Launch, error) {
	mac = maps.Clone(mac)
	group := min(16, s.local)
	global, local := []int{1, roundUp(rows, group)}, []int{1, group}
	if s.Tuning.Family == Tile {
		lanes := min(64, s.local)
		mac["VW"], mac["LANES"] = 1, lanes
		global, local = []int{lanes, rows}, []int{lanes, 1}
	}
	k, err := s.kernel(name, mac, files...)
	if err != nil {
		return nil, err
	}
	return s.launch(name, k, global, local)
}

// normMacros selects g, whether y is kept, and whether what is written is halves.
func normMacros(act string, out Matrix, y *Matrix) (macros, error) {
	mac, err := activationMacro(act)
	if err != nil {
		return nil, err
	}
	if y != nil {
		mac["KEEP_Y"] = 1
	}
	mac.half("C_HALF", out)
	return mac, nil
}

// normArgs sets the arguments, those of y last.
func (l *Launch) normArgs(y *Matrix, args ...any) (*Launch, error) {
	if y != nil {
		args = append(args, y.Buf, y.LD)
	}
	return l.args(args...)
}

// alike reports whether matrices have the shape of the first, which is of floats, and are all
// floats, or all halves; y may be nil.
func alike(first Matrix, y *Matrix, others ...Matrix) bool {
	if y != nil {
		others = append(others, *y)
	}
	for _, m := range others {
		if m.Rows != first.Rows || m.Cols != first.Cols || m.Half != others[0].Half {
			return false
		}
	}
	return inFloats(first)
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
