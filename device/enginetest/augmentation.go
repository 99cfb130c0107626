package enginetest

import (
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// augmentation holds what changes examples to float64, for two steps and for rows further
// down in a batch. A move is the same bits. Of noise σ is off by u of itself, the logarithm
// by 6u, so its root by 3u, which adds 6u, sine and cosine by 8u and two products by u each:
// 20u of what is added, and u of the sum. A mixture is off by 3u of its parts: λ, the
// products and the sum.
func augmentation(s suite) {
	const seed, layer = 0x1234567890ab, 7
	s.each(func(s suite, n size) {
		v := normal(0, n.b, n.in, 1)
		a, moved, noisy, mixed := s.matrix(v), s.output(n.b, n.in), s.output(n.b, n.in), s.output(n.b, n.in)
		image := device.ImageShape{Height: n.in, Width: 1, Channels: 1}
		if n.in%3 == 0 {
			image = device.ImageShape{Height: 1, Width: n.in / 3, Channels: 3}
		}
		step, first, share := device.NewScalar(0), device.NewScalar(0), device.NewScalar(0)
		plan := s.prepare(
			device.Shift{A: a, Out: moved, Image: image, Flip: true, Seed: seed, Layer: layer, Step: step, First: first},
			device.Noise{A: a, Out: noisy, Deviation: 0.3, Seed: seed, Layer: layer, Step: step, First: first},
			device.Mixup{A: a, Out: mixed, Share: share})
		for _, at := range []struct {
			step  uint32
			first int
			share float64
		}{{0, 0, 1}, {3_000_000_000, 70_000, 0.3}} { // beyond int32
			step.Set(float64(at.step))
			first.Set(float64(at.first))
			share.Set(at.share)
			s.run(plan)
			stream, a64 := cpuref.NewStream(seed, layer, at.step), wide(v)
			want := cpuref.NewMatrix[float32](n.b, n.in)
			cpuref.Shift(stream, image, 0, true, at.first, v, want)
			same(s, "shift", s.read(moved), want.Data)
			sum := cpuref.NewMatrix[float64](n.b, n.in)
			cpuref.Noise(stream, 0.3, at.first, a64, sum)
			within(s, "noise", s.read(noisy), sum.Data, func(i int) float64 {
				return u * (20*math.Abs(sum.Data[i]-a64.Data[i]) + math.Abs(sum.Data[i]))
			})
			mixture(s, a64, at.share, s.read(mixed))
		}
		same(s, "A", s.read(a), v.Data)
	})
	s.sub("Moves", moves)
}

func mixture(s suite, a matrix64, share float64, got []float32) {
	s.Helper()
	want, size, magnitudes := cpuref.NewMatrix[float64](a.Rows, a.Cols), cpuref.NewMatrix[float64](a.Rows, a.Cols), cpuref.NewMatrix[float64](a.Rows, a.Cols)
	for i, v := range a.Data {
		magnitudes.Data[i] = math.Abs(v)
	}
	cpuref.Mixup(share, a, want)
	cpuref.Mixup(share, magnitudes, size)
	within(s, "mixup", got, want.Data, func(i int) float64 { return 3 * u * size.Data[i] })
}

// moves shifts images by several pixels; what follows sees Out's column of ones as it was.
func moves(s suite) {
	for _, image := range []device.ImageShape{{Height: 3, Width: 5, Channels: 1}, {Height: 8, Width: 4, Channels: 3}} {
		v := normal(0, 33, image.Size(), 1)
		a, out, step := s.matrix(v), s.output(33, image.Size()), device.NewScalar(5)
		s.do(device.Shift{A: a, Out: out, Image: image, By: 2, Flip: true, Seed: 1, Layer: 2, Step: step})
		want := cpuref.NewMatrix[float32](33, image.Size())
		cpuref.Shift(cpuref.NewStream(1, 2, 5), image, 2, true, 0, v, want)
		same(s, "shift by 2", s.read(out), want.Data)
		theta, z, plain := s.parameters(randomLayer(0, image.Size(), 4)), s.output(33, 4), s.output(33, 4)
		s.do(device.Forward{Act: device.Linear, A: out, Theta: theta, Out: z},
			device.Forward{Act: device.Linear, A: s.matrix(want), Theta: theta, Out: plain})
		same(s, "z of what was moved", s.read(z), s.read(plain))
	}
}
