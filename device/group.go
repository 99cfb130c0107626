package device

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
)

var _ Engine = (*group)(nil)

// KindGroup is the Info.Kind of a group of devices, unless all are the CPU reference.
const KindGroup = "group"

// group is an engine made of engines, its members, for data-parallel training.
//
// The rows of a matrix are split among the members in contiguous shares; Parameters and
// Indexes are the same on each. A plan is cut by Split: every member runs a stage on its
// own rows, at the same time as the others; what they have added to Δ is summed, the upper
// layers while the members back-propagate through the lower ones (group_sum.go),
//
//	Δ = ((Δ_0 + Δ_1) + Δ_2) + …
//
// in the order of the members, so that bits repeat, and every member goes on with the sum.
// Members that are not alike would come to different last bits of Θ: there the first
// member's count, and the others get a copy before they use it.
//
// Run waits where there is something to sum. Tallies are added up on the host after each
// run, in the order of the members too: they outlive a member that is lost.
type group struct {
	info    Info
	members []Engine
	shares  []float64               // of the rows, by member; their sum is 1
	alike   bool                    // the members come to the same bits
	sizes   *group                  // the group that this one only counts for; nil for one that works
	lent    map[*groupRows][]Matrix // copies that a Sizing has counted for what sizes owns

	objects map[groupObject]struct{} // what Drop has to lay out anew
	plans   map[*groupPlan]struct{}
	failed  error // of a member that is lost: every call returns it until Drop
	lost    []int // those members
	torn    bool  // a member was lost where no step ends, so that Drop cannot go on
	closed  bool
}

// groupObject is memory that a group has on its members.
type groupObject interface {
	drop(k int) // the memory of member k is gone
}

// NewGroup makes one engine of several, for data-parallel training; they belong to it from
// then on, and Close closes them. shares says how the rows of a batch are split, such as 3, 1;
// nil means evenly. A group of one is that engine itself. The results depend on the members,
// their order and the shares, to rounding; they repeat bit for bit.
//
// Each member holds all of Θ, Δ, D and the moments, what Gather reads, and its share of
// the rest.
func NewGroup(members []Engine, shares []float64) (Engine, error) {
	if len(members) == 0 {
		return nil, errors.New("group: no device given: need at least one")
	}
	split, err := checkShares(shares, len(members))
	if err != nil {
		return nil, err
	}
	if len(members) == 1 {
		return members[0], nil
	}
	g := &group{members: slices.Clone(members), shares: split, objects: map[groupObject]struct{}{}, plans: map[*groupPlan]struct{}{}}
	g.describe()
	return g, nil
}

// checkShares returns shares of n members as parts of 1.
func checkShares(shares []float64, n int) ([]float64, error) {
	if shares == nil {
		shares = slices.Repeat([]float64{1}, n)
	}
	if len(shares) != n {
		return nil, fmt.Errorf("group: %d shares for %d devices: need one for each", len(shares), n)
	}
	total := 0.0
	for _, s := range shares {
		if !(s > 0 && s <= math.MaxFloat32) { // so that NaN fails
			return nil, fmt.Errorf("group: a share is %v: need a number above 0", s)
		}
		total += s
	}
	split := make([]float64, n)
	for k, s := range shares {
		split[k] = s / total
	}
	return split, nil
}

// describe fills in info from the members.
func (g *group) describe() {
	g.info = describeAll(g.members)
	g.alike = g.info.Alike()
	g.info.Parallel, g.info.Shares = ParallelData, slices.Clone(g.shares)
	if !even(g.shares) {
		g.info.Name += ", shares " + FormatShares(g.shares)
	}
}

// describeAll is the Info of several engines as one.
func describeAll(members []Engine) Info {
	var names, platforms, drivers, tunings, shapes []string
	unique := func(list []string, text string) []string {
		if text == "" || slices.Contains(list, text) {
			return list
		}
		return append(list, text)
	}
	i := Info{Kind: KindReference, Index: -1, Reason: "asked for as a group"}
	for _, m := range members {
		own := m.Info()
		names = append(names, own.Name)
		platforms, drivers = unique(platforms, own.Platform), unique(drivers, own.Driver)
		tunings, shapes = unique(tunings, own.Tuning), unique(shapes, own.Kernels)
		if own.OpenCL() {
			i.Kind = KindGroup
		}
		i.Units += own.Units
		i.TotalMemory = least(i.TotalMemory, own.TotalMemory)
		i.MaxAllocation = least(i.MaxAllocation, own.MaxAllocation)
		i.Members = append(i.Members, own)
	}
	i.Name = strings.Join(names, " + ")
	i.Platform, i.Driver = strings.Join(platforms, " + "), strings.Join(drivers, " + ")
	i.Tuning, i.Kernels = strings.Join(tunings, " + "), strings.Join(shapes, " | ")
	i.TotalMemory *= int64(len(members))
	return i
}

// alike reports whether engines come to the same bits at the same speed.
func alike(members []Engine) bool { return describeAll(members).Alike() }

// Alike reports whether the members come to the same bits at the same speed.
func (i Info) Alike() bool {
	return !slices.ContainsFunc(i.Members, func(own Info) bool {
		first := i.Members[0]
		return own.Kind != first.Kind || own.Platform != first.Platform || own.Driver != first.Driver ||
			own.Units != first.Units || own.Kernels != first.Kernels || baseName(own.Name) != baseName(first.Name)
	})
}

// least is the smaller of two limits, of which 0 is none.
func least(a, b int64) int64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

func even(shares []float64) bool {
	return slices.Max(shares)-slices.Min(shares) < 1e-9
}

// FormatShares writes shares as whole percents, such as 75:25.
func FormatShares(shares []float64) string {
	var parts []string
	for _, s := range shares {
		parts = append(parts, fmt.Sprintf("%.0f", 100*s))
	}
	return strings.Join(parts, ":")
}

// bounds are where the shares of so many rows begin: member k has rows bounds[k] up to,
// and without, bounds[k+1]; none where there are too few. They begin at even rows, so that the
// pairs of Mixup stay together.
func (g *group) bounds(rows int) []int {
	list, total := make([]int, len(g.members)+1), 0.0
	for k, s := range g.shares[:len(g.shares)-1] {
		total += s
		list[k+1] = min(rows, 2*int(math.Round(total*float64(rows)/2)))
	}
	list[len(g.members)] = rows
	return list
}

func (g *group) Info() Info { return g.info }

func (g *group) Counters() Counters { return counters(g.members) }

// counters are sums over the members, but for Allocated: what the fullest member holds,
// times their number, so that the least room is not overlooked.
func counters(members []Engine) Counters {
	var c Counters
	for _, m := range members {
		own := m.Counters()
		c.Launches += own.Launches
		c.Calls += own.Calls
		c.Allocated = max(c.Allocated, own.Allocated)
	}
	c.Allocated *= int64(len(members))
	return c
}

// Sizing counts what the members would hold.
func (g *group) Sizing() Engine {
	d := &group{info: g.info, shares: g.shares, alike: g.alike, sizes: g, lent: map[*groupRows][]Matrix{},
		objects: map[groupObject]struct{}{}, plans: map[*groupPlan]struct{}{}}
	for _, m := range g.members {
		d.members = append(d.members, m.Sizing())
	}
	return d
}

// ready says why the group takes no more work, if it does not.
func (g *group) ready(op string) error {
	if g.closed {
		return fmt.Errorf("%s: %w", op, ErrClosed)
	}
	return g.failed
}

// each calls do for every member at the same time, and returns the first error in their
// order. Members that are lost are left out, and noted.
func (g *group) each(do func(k int) error) error {
	errs := atOnce(len(g.members), func(k int) error {
		if slices.Contains(g.lost, k) {
			return nil
		}
		return do(k)
	})
	for k, err := range errs {
		if errors.Is(err, ErrLost) {
			g.lost = append(g.lost, k)
			g.failed = cmp.Or(g.failed, err)
		}
	}
	return cmp.Or(errs...)
}

// atOnce calls do for 0 … n−1 at the same time, and returns their errors in that order.
func atOnce(n int, do func(k int) error) []error {
	errs := make([]error, n)
	var done sync.WaitGroup
	for k := range n {
		done.Add(1)
		go func() {
			defer done.Done()
			errs[k] = do(k)
		}()
	}
	done.Wait()
	return errs
}

func (g *group) Sync() error {
	if err := g.ready("sync"); err != nil {
		return err
	}
	return g.each(func(k int) error { return g.members[k].Sync() })
}

func (g *group) Close() error {
	g.closed = true
	var first error
	for _, m := range g.members {
		first = cmp.Or(first, m.Close())
	}
	return first
}

// addRows adds part to total, element by element.
func addRows(total, part []float32) {
	part = part[:len(total)]
	for i := range total {
		total[i] += part[i]
	}
}

// baseName is the name of a device without which part of it is meant.
func baseName(name string) string {
	base, _, _ := strings.Cut(name, partMark)
	return base
}
