package device

import (
	"fmt"

	"github.com/clprop/clprop/cpuref"
)

// Batch normalisation where workers have rows of one batch each takes a word from all of them
// each way: mean and variance of every part make those of the batch, and the sums Δγ and Δβ
// over all rows are in every δ that goes back. So BatchNorm in training and BatchNormDelta
// are two operations each, none of which is in a list that a caller makes:
//
//	normMoments   mean and variance of the worker's rows, into Saved
//	  joined        Saved := μ and 1/√(σ²+ε) of all rows; the running ones move   (host)
//	normGiven     y by Saved, and g
//
//	normSums      Δγ and Δβ of the worker's rows, into Sum
//	  summed        Δγ and Δβ of all rows                                          (host)
//	normBack      δ of z by Sum
//
// The formulas are those of cpuref/batchnormpart.go.
type (
	normMoments struct{ Z, Saved Matrix }
	normGiven   struct{ BatchNorm }
	normSums    struct{ BatchNormDelta }
	normBack    struct {
		BatchNormDelta
		all int // rows of the batch
	}
)

func (normMoments) check() error { return nil } // the BatchNorm that it is of was checked

// normsInParts writes operations down for workers who have a part of each batch. all is how many
// rows the batch of a way back has.
func normsInParts(ops []Op, all func(BatchNormDelta) (int, error)) ([]Op, error) {
	var list []Op
	for _, op := range ops {
		switch o := op.(type) {
		case BatchNorm:
			if o.Saved != nil {
				list = append(list, normMoments{o.Z, o.Saved}, normGiven{o})
				continue
			}
		case BatchNormDelta:
			if !o.Fresh {
				return nil, fmt.Errorf("prepare: a %T of several devices that adds to what is there: %w", op, ErrOneDevice)
			}
			rows, err := all(o)
			if err != nil {
				return nil, err
			}
			list = append(list, normSums{o}, normBack{o, rows})
			continue
		}
		list = append(list, op)
	}
	return list, nil
}

// momentsOf is what a worker with so many rows found, from the values of its Saved.
func momentsOf(rows int, saved []float32) cpuref.Moments {
	m, units := cpuref.Moments{Rows: rows}, len(saved)/2
	for j, v := range saved {
		if j < units {
			m.Mean = append(m.Mean, float64(v))
		} else {
			m.Variance = append(m.Variance, float64(v))
		}
	}
	return m
}

// moveRunning takes the running mean and variance of a BatchNorm to those of a batch.
func moveRunning(e Engine, o BatchNorm, m cpuref.Moments) error {
	running := [2][]float32{make([]float32, len(m.Mean)), make([]float32, len(m.Mean))}
	for i, values := range running {
		if err := e.ReadParameters(nil, values, o.Theta, o.Layer+2+i); err != nil {
			return err
		}
	}
	m.Move(running[0], running[1])
	for i, values := range running {
		if err := e.WriteParameters(o.Theta, o.Layer+2+i, nil, values); err != nil {
			return err
		}
	}
	return nil
}
