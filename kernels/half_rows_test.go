package kernels

import "testing"

// TestRowsHalf: what reads and writes rows of halves gives what it gives of floats, rounded once,
// in place too where it may be.
func TestRowsHalf(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			a := halved(normal(0, n.b, n.out, 1))
			stream := Stream{Seed: 7, Layer: 3}
			for name, launch := range map[string]func(a, out Matrix) (*Launch, error){
				"dropout": func(a, out Matrix) (*Launch, error) {
					return f.set.Dropout(Mask{Stream: stream, Threshold: 1 << 30, Scale: 4. / 3}, a, out)
				},
				"noise": func(a, out Matrix) (*Launch, error) { return f.set.Noise(stream, 0.3, a, out) },
				"shift": func(a, out Matrix) (*Launch, error) { return f.set.Shift(stream, Image{1, n.out, 1}, 1, true, a, out) },
				"mixup": func(a, out Matrix) (*Launch, error) {
					l, err := f.set.Mixup(a, out)
					if err == nil {
						err = l.SetShare(0.7)
					}
					return l, err
				},
			} {
				in, floats, want := f.halfMatrix(a), f.matrix(a), f.output(n.b, n.out)
				got := f.halfOutput(n.b, n.out)
				f.run(launch(floats, want))
				f.run(launch(in, got))
				rounded := halved(f.values(want))
				f.compare(n, name, f.halfValues(got).Data, wide(rounded).Data, func(int) float64 { return 0 })
				f.unchanged(in.Buf)
				if name == "dropout" || name == "noise" {
					f.run(launch(in, in))
					f.compare(n, name+" in place", f.halfValues(in).Data, wide(rounded).Data, func(int) float64 { return 0 })
				}
			}
		}
	})
}

// TestNormsHalf: normalisations read δ of halves, and write halves, which are what they write of
// floats, rounded once; the sums for γ and β are the same.
func TestNormsHalf(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			if n.b < 2 {
				continue
			}
			z, delta := f.matrix(shifted(0, n.b, n.out)), halved(normal(1, n.b, n.out, 1))
			for _, batch := range []bool{true, false} {
				run := func(half bool) (written []matrix32, sums []float32) {
					empty, read, put := f.output, f.values, f.matrix
					if half {
						empty, read, put = f.halfOutput, f.halfValues, f.halfMatrix
					}
					norm, sum := f.norm(flatNorm(n.out)), Norm{Gamma: f.outputWeights(0, n.out), Beta: f.outputWeights(0, n.out)}
					d, out, y, back, after := put(delta), empty(n.b, n.out), empty(n.b, n.out), empty(n.b, n.out), empty(n.b, n.out)
					if batch {
						saved := f.output(2, n.out)
						f.run(f.set.BatchNorm("gelu", z, norm, saved, out, &y))
						f.run(f.set.BatchNormDelta(d, z, saved, norm, sum, true, back))
						f.run(f.set.BatchNormRunning("gelu", z, norm, after, nil))
					} else {
						saved := f.output(n.b, 2)
						f.run(f.set.LayerNorm("gelu", z, norm, &saved, out, &y))
						f.run(f.set.LayerNormSums(d, z, saved, sum, true))
						f.run(f.set.LayerNormDelta(d, z, saved, norm, back))
						f.run(f.set.LayerNorm("gelu", z, norm, nil, after, nil))
					}
					for _, m := range []Matrix{out, y, back, after} {
						written = append(written, read(m))
					}
					return written, append(f.units(sum.Gamma), f.units(sum.Beta)...)
				}
				want, wantSums := run(false)
				got, sums := run(true)
				exact := func(int) float64 { return 0 }
				for i, name := range []string{"out", "y", "back", "out afterwards"} {
					f.compare(n, name, got[i].Data, wide(halved(want[i])).Data, exact)
				}
				f.compare(n, "sums", sums, wide(matrix32{Rows: 1, Cols: len(wantSums), Data: wantSums}).Data, exact)
			}
		}
	})
}
