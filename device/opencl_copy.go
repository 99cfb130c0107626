package device

import (
	"unsafe"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/kernels"
)

// matrix finds the matrix of a copy of n values and settles uploads into it.
func (e *opencl) matrix(op string, operand Matrix, row, n int) (*openclMatrix, error) {
	m, err := take[*openclMatrix](e, op, operand)
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

func (e *opencl) WriteIndex(dst Index, rows []int32) error {
	x, err := take[*openclIndex](e, "write index", dst)
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
