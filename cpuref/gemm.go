package cpuref

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
)

// gemm is C := op(A) op(B) + β C, where op transposes or not. gonum runs it on
// all cores from some size on, in blocks whose sums do not depend on the number
// of cores. Shapes are the caller's to check.
func gemm[T Float](opA, opB blas.Transpose, a, b Matrix[T], beta T, c Matrix[T]) {
	switch data := any(c.Data).(type) {
	case []float32:
		blas32.Gemm(opA, opB, 1, general32(a), general32(b), float32(beta),
			blas32.General{Rows: c.Rows, Cols: c.Cols, Stride: max(1, c.Cols), Data: data})
	case []float64:
		blas64.Gemm(opA, opB, 1, general64(a), general64(b), float64(beta),
			blas64.General{Rows: c.Rows, Cols: c.Cols, Stride: max(1, c.Cols), Data: data})
	}
}

// general32 and general64 name a Matrix as gonum does; the stride of a matrix
// without columns must still be 1.
func general32[T Float](m Matrix[T]) blas32.General {
	return blas32.General{Rows: m.Rows, Cols: m.Cols, Stride: max(1, m.Cols), Data: any(m.Data).([]float32)}
}

func general64[T Float](m Matrix[T]) blas64.General {
	return blas64.General{Rows: m.Rows, Cols: m.Cols, Stride: max(1, m.Cols), Data: any(m.Data).([]float64)}
}
