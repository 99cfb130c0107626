package trainer

import "math"

// scaling is min(1, limit/‖x‖), and the least and the most that it is on a device whose x is
// off by a vector of the norm slack, and whose sum of squares has so many additions in a row.
//
// Of the sum of squares each term is off by u, and by u an addition (N. Higham, "Accuracy and
// stability of numerical algorithms" (2002), §4.2), of which the root leaves half; the root
// itself is 3 ulp off, the quotient 2.5, the limit u, the product with x u more, and x before,
// where it is D, 3u that its ends do not have (see stepped): 16u. A sum beyond float32 makes it 0.
func scaling(limit, norm, slack float64, additions int) (scale, least, most float64) {
	r := (float64(additions+1)/2 + 16) * unit
	scale = min(1, limit/norm)
	least, most = min(1, limit/(norm+slack)*(1-r)), min(1, limit/max(0, norm-slack)*(1+r))
	if !((norm+slack)*(norm+slack)*(1+2*r) <= math.MaxFloat32) { // so that NaN counts
		least = 0
	}
	return scale, least, most
}

// maxNorm scales the weights into each unit, and widens their bounds by the difference that
// it may make on the device, which adds the squares one after another.
func maxNorm(theta, bound wideLayers, limit float64) {
	for l := range theta {
		for o := range theta[l].W.Rows {
			row, off := theta[l].W.Row(o), bound[l].W.Row(o)
			for i, w := range row {
				if !(math.Abs(w)+off[i] <= math.MaxFloat32) { // which the device scales to what is no number
					off[i] = math.Inf(1)
				}
			}
			scale, least, most := scaling(limit, length(row), length(off), len(row))
			for i, w := range row {
				row[i], off[i] = scale*w, most*off[i]+max(most-scale, scale-least)*math.Abs(w)
			}
		}
	}
}

// clipNorm scales D, and moves its ends apart by the difference that it may make on the
// device. There each of 256 work-items adds the squares of its share of a layer: up to 128
// vectors at a time, then these sums, then up to 16 lanes; what comes after that is compensated,
// and off by 2u.
func clipNorm(of ends, limit float64) {
	var squares, slack float64
	additions := 0
	for l, layer := range of[0] {
		additions = max(additions, (layer.W.Cols+1)*layer.W.Rows/256+128+16)
		for part, grad := range parts(layer) {
			low, high := parts(of[1][l])[part].Data, parts(of[2][l])[part].Data
			for i, d := range grad.Data {
				off := max(d-low[i], high[i]-d)
				squares, slack = squares+d*d, slack+off*off
			}
		}
	}
	scale, least, most := scaling(limit, math.Sqrt(squares), math.Sqrt(slack), additions+4)
	for l, layer := range of[0] {
		for part, grad := range parts(layer) {
			low, high := parts(of[1][l])[part].Data, parts(of[2][l])[part].Data
			for i, d := range grad.Data {
				by := max(most-scale, scale-least) * math.Abs(d)
				low[i], high[i] = scale*d-most*(d-low[i])-by, scale*d+most*(high[i]-d)+by
				grad.Data[i] = scale * d
			}
		}
	}
}

// length is the norm of a vector.
func length(values []float64) float64 {
	sum := 0.0
	for _, x := range values {
		sum += x * x
	}
	return math.Sqrt(sum)
}
