package trainer

import (
	"fmt"
	"math"
	"slices"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// zeros are layers of those sizes.
func zeros(like wideLayers) wideLayers {
	list := make(wideLayers, len(like))
	for l, layer := range like {
		list[l] = cpuref.NewLayer[float64](layer.W.Cols, layer.W.Rows)
	}
	return list
}

// shifted returns layers + sign · by, newly made.
func shifted(layers, by wideLayers, sign float64) wideLayers {
	list := mapped(layers, same)
	for l := range list {
		for part, to := range parts(list[l]) {
			for i, step := range parts(by[l])[part].Data {
				to.Data[i] += sign * step
			}
		}
	}
	return list
}

// mapped returns what change makes of layers, newly made.
func mapped(layers wideLayers, change func(float64) float64) wideLayers {
	list := make(wideLayers, len(layers))
	for l, layer := range layers {
		list[l] = mappedLayer(layer, change)
	}
	return list
}

func mappedLayer(l cpuref.Layer[float64], change func(float64) float64) cpuref.Layer[float64] {
	p := parts(l)
	return cpuref.Layer[float64]{W: mappedMatrix(p[0], change), B: mappedMatrix(p[1], change).Data}
}

func mappedMatrix(m wideMatrix, change func(float64) float64) wideMatrix {
	list := make([]float64, len(m.Data))
	for i, x := range m.Data {
		list[i] = change(x)
	}
	return wideMatrix{Rows: m.Rows, Cols: m.Cols, Data: list}
}

func same(x float64) float64 { return x }

// allFinite reports whether no value is infinite or not a number.
func allFinite(layers wideLayers) bool {
	for _, layer := range layers {
		for _, part := range parts(layer) {
			if slices.ContainsFunc(part.Data, func(x float64) bool { return !finite(x) }) {
				return false
			}
		}
	}
	return true
}

func absolute(m wideMatrix) wideMatrix { return mappedMatrix(m, math.Abs) }

func absoluteLayer(l cpuref.Layer[float64]) cpuref.Layer[float64] { return mappedLayer(l, math.Abs) }

func wide(values []float32) []float64 {
	list := make([]float64, len(values))
	for i, x := range values {
		list[i] = float64(x)
	}
	return list
}

// matrix reads a matrix.
func (v *verifier) matrix(m device.Matrix) (wideMatrix, error) {
	values := make([]float32, m.Rows()*m.Cols())
	if err := v.eng.Read(values, m, 0); err != nil {
		return wideMatrix{}, err
	}
	return wideMatrix{Rows: m.Rows(), Cols: m.Cols(), Data: wide(values)}, nil
}

func (v *verifier) matrices(list ...device.Matrix) (read []wideMatrix, err error) {
	read = make([]wideMatrix, len(list))
	for i, m := range list {
		if read[i], err = v.matrix(m); err != nil {
			return nil, err
		}
	}
	return read, nil
}

// parameters reads all layers.
func (v *verifier) parameters(p device.Parameters) (wideLayers, error) {
	list, shapes := make(wideLayers, 0, len(v.spare)), v.net.shapes()
	for l, spare := range newLayers(v.net) {
		if err := v.eng.ReadParameters(spare.W, spare.B, p, l); err != nil {
			return nil, fmt.Errorf("reading the weights of layer %d: %w", l, err)
		}
		list = append(list, cpuref.Layer[float64]{
			W: wideMatrix{Rows: shapes[l].Out, Cols: shapes[l].In, Data: wide(spare.W)}, B: wide(spare.B),
		})
	}
	return list, nil
}
