package device

import "github.com/clprop/clprop/kernels"

// TuneChoices are Tunings of one block height or one tile each, which together have every
// kernel that Tune may come to on a device; blocks with panels, as far as the batch is
// large enough.
func TuneChoices(f Found, family kernels.Family) []kernels.Tuning {
	var choices []kernels.Tuning
	met, had := map[string]bool{}, map[string]bool{}
	for todo := kernels.Candidates(f.device, f.defaultTuning(family)); len(todo) > 0; {
		t := todo[0]
		todo = todo[1:]
		t.PanelWidth = min(t.PanelWidth, 1)
		t.Tiles = t.Tiles[:min(len(t.Tiles), 1)]
		if met[t.String()] {
			continue
		}
		met[t.String()] = true
		todo = append(todo, t.Neighbours(f.device)...)
		for _, mr := range append([]int{0}, t.MRs...) {
			one := t
			if family == kernels.Block {
				one.MRs, one.PanelWidth = []int{mr}, 1
			}
			if one.Check(f.device) == nil && !had[one.String()] {
				had[one.String()] = true
				choices = append(choices, one)
			}
		}
	}
	return choices
}

// Retune gives an engine without matrices of weights other shapes of kernels.
func Retune(e Engine, t kernels.Tuning) { e.(*opencl).set.Tuning = t }

// OpenMembers opens what a spec of several devices names, one by one.
func OpenMembers(spec string) ([]Engine, error) {
	e, err := Open(spec)
	if err != nil {
		return nil, err
	}
	return e.(*group).members, nil
}
