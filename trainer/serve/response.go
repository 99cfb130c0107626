package serve

import (
	"encoding/json"
	"strconv"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

// answer writes predictions of one model.
type answer struct {
	quoted     [][]byte         // names of classes or quantities, as JSON
	member     string           // what holds the numbers: probabilities, scores, values
	quantities *data.Preprocess // of a model of quantities; nil of others
	several    bool             // labels at once, each with a probability of its own
	single     bool             // one output makes two classes
	whole      float32          // what both of them make together
}

func newAnswer(m *trainer.Model) (*answer, error) {
	k := m.Network.Sizes[len(m.Network.Sizes)-1]
	a := &answer{member: "probabilities", whole: 1}
	names := m.Preprocess.Classes
	switch {
	case m.Network.Loss.Regression():
		a.member, a.quantities, names = "values", m.Preprocess, m.Preprocess.LabelNames()
	case m.Network.Loss == device.Hinge:
		a.member, a.whole = "scores", 0
	}
	a.single, a.several = a.quantities == nil && k == 1, m.Network.Loss.MultiLabel()
	for _, name := range names {
		text, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		a.quoted = append(a.quoted, text)
	}
	return a, nil
}

// encode appends the JSON of h, K numbers a row.
func (a *answer) encode(b []byte, h []float32) []byte {
	b = append(b, `{"predictions":[`...)
	p := make([]float32, len(a.quoted))
	for i := 0; len(h) > 0; i++ {
		if i > 0 {
			b = append(b, ',')
		}
		if a.single {
			p[0], p[1] = a.whole-h[0], h[0]
			h = h[1:]
		} else {
			h = h[copy(p, h):]
		}
		b = a.row(b, p)
	}
	return append(b, "]}\n"...)
}

// labels appends the list of those whose probability is above ½.
func (a *answer) labels(b []byte, p []float32) []byte {
	b = append(b, `"labels":[`...)
	there := false
	for k, v := range p {
		if v > 0.5 {
			if there {
				b = append(b, ',')
			}
			b, there = append(b, a.quoted[k]...), true
		}
	}
	return append(b, `],`...)
}

// row appends one prediction.
func (a *answer) row(b []byte, p []float32) []byte {
	b = append(b, '{')
	switch {
	case a.several:
		b = a.labels(b, p)
	case a.quantities == nil:
		best := 0
		for k, v := range p {
			if v > p[best] {
				best = k
			}
		}
		b = append(b, `"label":`...)
		b = append(b, a.quoted[best]...)
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, a.member...)
	b = append(b, `":{`...)
	for k, v := range p {
		if k > 0 {
			b = append(b, ',')
		}
		b = append(b, a.quoted[k]...)
		b = append(b, ':')
		if v-v != 0 { // JSON has neither infinity nor NaN
			b = append(b, "null"...)
			continue
		}
		if a.quantities != nil {
			b = a.quantities.AppendQuantity(b, v, k)
			continue
		}
		b = strconv.AppendFloat(b, float64(v), 'g', -1, 32)
	}
	return append(b, "}}"...)
}
