package trainer

import (
	"slices"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// prepare allocates everything and writes down the plans.
func (f *fit) prepare(train, validation *data.Set) error {
	c, m, size := f.config, &f.memory, f.part()
	m.half = c.Precision == FP16
	shaped, err := c.examples(train, f.net.Loss)
	if err != nil {
		return err
	}
	shapes := f.net.shapes()
	drop := dropping{c.Regularizers.InputDropout, c.Regularizers.Dropout, c.Seed, device.NewScalar(0), device.NewScalar(0)}
	u := m.units(f.net, size, true)
	u.dropped = m.dropped(f.net, size, drop)
	f.units = u
	f.to = descent{
		sum:    m.parameters("Δ", shapes),
		grad:   m.parameters("D", shapes),
		lambda: c.Lambda,
		by:     m.optimizing(c.Optimizer, c.Rate, shapes),
		tally:  m.tally(),
		scale:  m.lossScale(),

		regularizers: c.Regularizers,
		average:      f.averaging(shapes),
		drop:         drop,
		augment:      m.augmenting(f.net, c, drop, shaped.weighted()),
	}
	if c.Stop.Patience > 0 && !c.Stop.KeepLast {
		f.bestLayers = newLayers(f.net)
	}
	f.penalty = m.plan("the penalty", device.Penalty{Theta: f.dev.theta, Tally: f.to.tally})

	resident, inputs := f.resident(train, validation), m.inputs(f.net, 1, size)
	if !resident {
		inputs = append(inputs, m.inputs(f.net, 1, size)...)
	}
	f.train = m.pass("training", shaped, c.BatchSize, resident, inputs,
		func(b batch, of part) []device.Op { return trainingStep(f.dev, f.to, u, b, of) })
	f.train.first, f.train.none = drop.first, f.noDelta
	m.reads(f.train)
	if validation != nil {
		judged := f.dev
		judged.theta = f.held()
		f.validation = m.pass("validation", examples{Set: unweighted(validation)}, size, resident, inputs,
			func(b batch, of part) []device.Op {
				if of.rows == 0 {
					return nil
				}
				return measure(judged, f.to.tally, u, b)
			})
		m.reads(f.validation)
	}
	return m.err
}

// resident decides whether the examples are kept on the device. With ResidentAuto
// they are if, with all that is there already, they fill no more than half of it.
func (f *fit) resident(sets ...*data.Set) bool {
	if slices.ContainsFunc(sets, streams) {
		return false
	}
	if f.config.Resident != ResidentAuto {
		return f.config.Resident == ResidentYes
	}
	info, total := f.eng.Info(), f.eng.Counters().Allocated
	copies := int64(max(1, len(info.Members))) // on each device
	if info.Parallel == device.ParallelData {
		copies++ // and on each its share
	}
	for _, set := range sets {
		if set == nil {
			continue
		}
		x, y := 4*int64(set.Rows)*int64(set.Features), 4*int64(len(set.Y))
		if f.config.Precision == FP16 && info.OpenCL() {
			x /= 2
		}
		if info.MaxAllocation > 0 && max(x, y) > info.MaxAllocation {
			return false
		}
		total += (x + y) * copies
	}
	return info.TotalMemory == 0 || total <= info.TotalMemory/2
}
