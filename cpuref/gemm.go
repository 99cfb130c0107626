package cpuref

import (
	"runtime"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
)

// gemm is C := op(A) op(B) + β C, where op transposes or not. Shapes are the
// caller's to check. float64 is always gonum's; float32 may be a library's, see
// UseBLAS. Whoever computes it, sums do not depend on the number of cores in Go.
func gemm[T Float](opA, opB blas.Transpose, a, b Matrix[T], beta T, c Matrix[T]) {
	switch data := any(c.Data).(type) {
	case []float32:
		gemm32(opA, opB, general32(a), general32(b), float32(beta),
			blas32.General{Rows: c.Rows, Cols: c.Cols, Stride: max(1, c.Cols), Data: data})
	case []float64:
		blas64.Gemm(opA, opB, 1, general64(a), general64(b), float64(beta),
			blas64.General{Rows: c.Rows, Cols: c.Cols, Stride: max(1, c.Cols), Data: data})
	}
}

// gonum shares a product among cores from this many blocks of C on, which are square.
const (
	gonumBlock  = 64
	gonumShares = 4
)

// sharedProduct is how many multiply-adds a product has at least that is worth a
// goroutine for each core: about 30 µs of work on one, of which starting them is a tenth.
const sharedProduct = 1 << 17

// gemm32 chooses who computes a product, by its size alone. A product of few blocks
// gonum leaves to one core, such as one of a batch of 32 with 128 units; it is shared
// here by rows of C, each of which gonum computes alone, so that the bits stay.
func gemm32(opA, opB blas.Transpose, a, b blas32.General, beta float32, c blas32.General) {
	k := a.Cols
	if opA == blas.Trans {
		k = a.Rows
	}
	products := c.Rows * c.Cols * k
	if library := inUse.Load(); library != nil && products > smallProduct {
		library.gemm(opA, opB, k, a, b, beta, c)
		return
	}
	blocks := ((c.Rows + gonumBlock - 1) / gonumBlock) * ((c.Cols + gonumBlock - 1) / gonumBlock)
	shares := min(runtime.GOMAXPROCS(0), c.Rows)
	if blocks >= gonumShares || products < sharedProduct || shares < 2 {
		blas32.Gemm(opA, opB, 1, a, b, beta, c)
		return
	}
	gemmByRows(shares, opA, opB, a, b, beta, c)
}

// gemmByRows computes as many shares of the rows of C at the same time.
func gemmByRows(shares int, opA, opB blas.Transpose, a, b blas32.General, beta float32, c blas32.General) {
	var done sync.WaitGroup
	for s := range shares {
		from, to := s*c.Rows/shares, (s+1)*c.Rows/shares
		part, rows := a, c
		if opA == blas.Trans { // a column of A for each row of C
			part.Cols, part.Data = to-from, a.Data[from:]
		} else {
			part.Rows, part.Data = to-from, a.Data[from*a.Stride:]
		}
		rows.Rows, rows.Data = to-from, c.Data[from*c.Stride:]
		done.Go(func() { blas32.Gemm(opA, opB, 1, part, b, beta, rows) })
	}
	done.Wait()
}

// general32 and general64 name a Matrix as gonum does; the stride of a matrix
// without columns must still be 1.
func general32[T Float](m Matrix[T]) blas32.General {
	return blas32.General{Rows: m.Rows, Cols: m.Cols, Stride: max(1, m.Cols), Data: any(m.Data).([]float32)}
}

func general64[T Float](m Matrix[T]) blas64.General {
	return blas64.General{Rows: m.Rows, Cols: m.Cols, Stride: max(1, m.Cols), Data: any(m.Data).([]float64)}
}
