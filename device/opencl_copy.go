package device

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/kernels"
)

// upload is the memory of a matrix with what is under way to and from it.
type upload struct {
	*buffer
	staging []float32 // rows as the device has them; nil before the first Upload
	arrival *cl.Event // of the last Upload; nil when it was waited for
	lastUse *cl.Event // of the last plan that used the matrix since uploads began
}

// Wait implements Transfer. The caller's slice was copied to staging at once, so
// there is nothing to wait for.
func (*upload) Wait() error { return nil }

// Release frees the memory and forgets what is under way; OpenCL keeps both alive
// until the device is done.
func (u *upload) Release() {
	if u.owner.hung {
		return
	}
	u.arrival.Release()
	u.lastUse.Release()
	u.arrival, u.lastUse = nil, nil
	u.buffer.Release()
}

// settle waits for an upload under way.
func (u *upload) settle(op string) error {
	if u.arrival == nil {
		return nil
	}
	event := u.arrival
	u.arrival = nil
	if status, err := event.Status(); err == nil && status == cl.CommmandExecStatusComplete {
		event.Release() // as nearly always: it is that of two steps ago
		return nil
	}
	return u.owner.arrived(op, event)
}

// ownCL returns an operand as the engine's own type, or says why it is not.
func ownCL[P interface{ usable(*opencl) error }](e *opencl, op string, operand any) (P, error) {
	p, ok := operand.(P)
	if operand == nil {
		return p, fmt.Errorf("%s: operand is missing", op)
	}
	if !ok {
		return p, fmt.Errorf("%s: %w", op, ErrForeign)
	}
	if err := p.usable(e); err != nil {
		return p, fmt.Errorf("%s: %w", op, err)
	}
	return p, nil
}

// matrix finds the matrix of a copy of n values and settles uploads into it.
func (e *opencl) matrix(op string, operand Matrix, row, n int) (*openclMatrix, error) {
	if err := e.ready(op); err != nil {
		return nil, err
	}
	m, err := ownCL[*openclMatrix](e, op, operand)
	if err != nil {
		return nil, err
	}
	if err := checkRows(op, m, row, n); err != nil {
		return nil, err
	}
	return m, m.settle(op)
}

// pad writes rows of src as they lie on the device: with a 1 after each, then zeros.
func pad(dst, src []float32, m kernels.Matrix) {
	if m.Half {
		padHalves(halves(dst), src, m)
		return
	}
	for len(src) > 0 {
		copy(dst[:m.Cols], src)
		dst[m.Cols] = 1
		clear(dst[m.Cols+1 : m.LD])
		dst, src = dst[m.LD:], src[m.Cols:]
	}
}

// halves are two for each float of staging memory.
func halves(words []float32) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(words))), 2*len(words))
}

func padHalves(dst []uint16, src []float32, m kernels.Matrix) {
	for len(src) > 0 {
		for i, v := range src[:m.Cols] {
			dst[i] = cpuref.ToHalf(v)
		}
		dst[m.Cols] = cpuref.ToHalf(1)
		clear(dst[m.Cols+1 : m.LD])
		dst, src = dst[m.LD:], src[m.Cols:]
	}
}

// chunks calls f for pieces of a copy of rows rows that fit the staging memory.
func (e *opencl) chunks(m kernels.Matrix, rows int, f func(first, rows int, staging []float32) error) error {
	words := m.Words()
	most := max(1, stagingFloats/words)
	if need := min(most, rows) * words; len(e.staging) < need {
		e.staging = make([]float32, need)
	}
	for first := 0; first < rows; first += most {
		n := min(most, rows-first)
		if err := f(first, n, e.staging[:n*words]); err != nil {
			return err
		}
	}
	return nil
}

func (e *opencl) Write(dst Matrix, row int, src []float32) error {
	own, err := e.matrix("write", dst, row, len(src))
	if err != nil {
		return err
	}
	m := own.m
	if e.sizes != nil {
		return nil
	}
	return e.chunks(m, len(src)/m.Cols, func(first, rows int, staging []float32) error {
		pad(staging, src[first*m.Cols:(first+rows)*m.Cols], m)
		return e.write("write", m.Buf, (row+first)*m.Words(), staging)
	})
}

func (e *opencl) Read(dst []float32, src Matrix, row int) error {
	own, err := e.matrix("read", src, row, len(dst))
	if err != nil {
		return err
	}
	m := own.m
	return e.chunks(m, len(dst)/m.Cols, func(first, rows int, staging []float32) error {
		if err := e.read("read", m.Buf, (row+first)*m.Words(), staging); err != nil {
			return err
		}
		for i := range rows {
			to := dst[(first+i)*m.Cols : (first+i+1)*m.Cols]
			if !m.Half {
				copy(to, staging[i*m.LD:])
				continue
			}
			for j, half := range halves(staging)[i*m.LD:][:m.Cols] {
				to[j] = cpuref.FromHalf(half)
			}
		}
		return nil
	})
}

// write and read are blocking copies of floats, offset in floats.
func (e *opencl) write(op string, mem *cl.MemObject, offset int, src []float32) error {
	return e.writeBytes(op, mem, 4*offset, 4*len(src), unsafe.Pointer(unsafe.SliceData(src)))
}

func (e *opencl) writeBytes(op string, mem *cl.MemObject, offset, size int, src unsafe.Pointer) error {
	if e.sizes != nil {
		return nil
	}
	if err := e.fail(e.join()); err != nil {
		return err
	}
	return e.await(op, func() error {
		event, err := e.compute.EnqueueWriteBuffer(mem, true, offset, size, src, nil)
		event.Release()
		return err
	})
}

func (e *opencl) read(op string, mem *cl.MemObject, offset int, dst []float32) error {
	if err := e.fail(e.join()); err != nil {
		return err
	}
	return e.await(op, func() error {
		event, err := e.compute.EnqueueReadBufferFloat32(mem, true, 4*offset, dst, nil)
		event.Release()
		return err
	})
}

// Upload copies src to the matrix's staging memory and queues the rest.
func (e *opencl) Upload(dst Matrix, src []float32) (Transfer, error) {
	m, err := e.matrix("upload", dst, 0, len(src))
	if err != nil {
		return nil, err
	}
	floats := len(src) / m.m.Cols * m.m.Words()
	if m.staging == nil {
		// Plans that ran before uploads began left no event: wait for them once.
		if err := e.await("upload", e.finish); err != nil {
			return nil, err
		}
	}
	if len(m.staging) < floats {
		m.staging = make([]float32, floats)
	}
	pad(m.staging, src, m.m)
	var after []*cl.Event
	if m.lastUse != nil {
		after = []*cl.Event{m.lastUse}
	}
	m.arrival, err = e.transfer.EnqueueWriteBufferFloat32(m.m.Buf, false, 0, m.staging[:floats], after)
	if err == nil {
		err = e.transfer.Flush()
	}
	return m.upload, e.fail(err)
}

func (e *opencl) WriteParameters(dst Parameters, layer int, weights, bias []float32) error {
	w, err := e.layer("write parameters", dst, layer, weights, bias)
	if err != nil {
		return err
	}
	return e.panelRows(w, func(offset int, staging []float32) error {
		clear(staging)
		inBlocks(w, offset, staging, func(o, from, rows int, column []float32) {
			for i, v := range weights[o*w.In+from:][:min(rows, w.In-from)] {
				column[i*w.NR] = v
			}
			if from+rows > w.In {
				column[(w.In-from)*w.NR] = bias[o]
			}
		})
		return e.write("write parameters", w.Buf, offset, staging)
	})
}

func (e *opencl) ReadParameters(weights, bias []float32, src Parameters, layer int) error {
	w, err := e.layer("read parameters", src, layer, weights, bias)
	if err != nil {
		return err
	}
	return e.panelRows(w, func(offset int, staging []float32) error {
		if err := e.read("read parameters", w.Buf, offset, staging); err != nil {
			return err
		}
		inBlocks(w, offset, staging, func(o, from, rows int, column []float32) {
			row := weights[o*w.In+from:][:min(rows, w.In-from)]
			for i := range row {
				row[i] = column[i*w.NR]
			}
			if from+rows > w.In {
				bias[o] = column[(w.In-from)*w.NR]
			}
		})
		return nil
	})
}

// panelRows calls f for pieces of the panels of w, whole rows of them, that fit the
// staging memory: offset is where a piece begins in the buffer.
func (e *opencl) panelRows(w kernels.Weights, f func(offset int, staging []float32) error) error {
	all := w.Panels() * w.Panel
	most := min(all, max(1, stagingFloats/w.NR)*w.NR)
	if len(e.staging) < most {
		e.staging = make([]float32, most)
	}
	for offset := 0; offset < all; offset += most {
		if err := f(offset, e.staging[:min(most, all-offset)]); err != nil {
			return err
		}
	}
	return nil
}

// inBlocks calls f for a few inputs at a time of every output o that lies in a piece of the
// panels: column[i·NR], i < rows, is of input from + i, or the bias where that is In, or
// padding. A line of the cache holds several outputs of a panel, so that a few inputs of
// all of them are better than all inputs of one.
func inBlocks(w kernels.Weights, offset int, staging []float32, f func(o, from, rows int, column []float32)) {
	const block = 64
	for at := 0; at < len(staging); {
		panel, from := (offset+at)/w.Panel, (offset+at)%w.Panel/w.NR
		rows := min(block, w.Panel/w.NR-from, (len(staging)-at)/w.NR)
		if from <= w.In { // what follows the bias is padding
			for o := panel * w.NR; o < min((panel+1)*w.NR, w.Out); o++ {
				f(o, from, rows, staging[at+o%w.NR:at+rows*w.NR])
			}
		}
		at += rows * w.NR
	}
}

// layer finds one layer of p that the host slices fit.
func (e *opencl) layer(op string, p Parameters, layer int, weights, bias []float32) (kernels.Weights, error) {
	if err := e.ready(op); err != nil {
		return kernels.Weights{}, err
	}
	own, err := ownCL[*openclParameters](e, op, p)
	if err != nil {
		return kernels.Weights{}, err
	}
	if err := checkLayer(op, own, layer, len(weights), len(bias)); err != nil {
		return kernels.Weights{}, err
	}
	return own.layers[layer], nil
}

func (e *opencl) WriteIndex(dst Index, rows []int32) error {
	if err := e.ready("write index"); err != nil {
		return err
	}
	x, err := ownCL[*openclIndex](e, "write index", dst)
	if err != nil {
		return err
	}
	if err := checkIndex("write index", x, len(rows)); err != nil {
		return err
	}
	x.low, x.top = rows[0], rows[0]
	for _, row := range rows {
		x.low, x.top = min(x.low, row), max(x.top, row)
	}
	return e.writeBytes("write index", x.mem, 0, 4*len(rows), unsafe.Pointer(&rows[0]))
}

func (e *opencl) ReadTally(t Tally) (Sums, error) {
	if err := e.ready("read tally"); err != nil {
		return Sums{}, err
	}
	own, err := ownCL[*openclTally](e, "read tally", t)
	if err != nil {
		return Sums{}, err
	}
	words := make([]float32, kernels.TallyWords)
	if err := e.read("read tally", own.mem, 0, words); err != nil {
		return Sums{}, err
	}
	return Sums{
		// the compensation is what the running sum has lost so far
		Loss:    float64(words[0]) - float64(words[1]),
		Correct: int(math.Float32bits(words[2])),
		Count:   int(math.Float32bits(words[3])),
		Squares: float64(words[4]), Magnitudes: float64(words[5]),
		Running: float64(words[0]),
		Lost:    float64(words[1]),
	}, nil
}

func (e *opencl) WriteTally(t Tally, sums Sums) error {
	if err := e.ready("write tally"); err != nil {
		return err
	}
	own, err := ownCL[*openclTally](e, "write tally", t)
	if err != nil {
		return err
	}
	words := make([]float32, kernels.TallyWords)
	words[0], words[1] = float32(sums.Running), float32(sums.Lost)
	words[2] = math.Float32frombits(uint32(sums.Correct))
	words[3] = math.Float32frombits(uint32(sums.Count))
	words[4], words[5] = float32(sums.Squares), float32(sums.Magnitudes)
	return e.write("write tally", own.mem, 0, words)
}

func (e *opencl) ResetTally(t Tally) error {
	if err := e.ready("reset tally"); err != nil {
		return err
	}
	own, err := ownCL[*openclTally](e, "reset tally", t)
	if err != nil {
		return err
	}
	return e.zero(own.buffer)
}
