package device

import (
	"errors"
	"testing"
	"time"
)

// lateCopier copies nothing: it counts the copies that were begun, and those that were waited for.
type lateCopier struct{ begun, arrived int }

func (c *lateCopier) layerFloats(Parameters, int) (int, error) { return 1, nil }

func (c *lateCopier) readLayer([]float32, Parameters, int) (func() error, error) {
	c.begun++
	return func() error { c.arrived++; return nil }, nil
}

func (c *lateCopier) writeLayer(Parameters, int, []float32) error { return nil }

// brokenPlan does not run.
type brokenPlan struct {
	Plan
	err error
}

func (p brokenPlan) Run() error { return p.err }

// brokenComm sums nothing.
type brokenComm struct {
	Communicator
	err  error
	sums int
}

func (c *brokenComm) Sum([]float32) (wait func() (time.Duration, error)) {
	return func() (time.Duration, error) { c.sums++; return 0, c.err }
}

// A run that fails waits for every copy that it has begun, and every sum, before the caller has the memory back.
func TestBucketsAfterAnError(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name         string
		plan         Plan // of the third bucket
		copies, sums int
	}{
		{"a plan", brokenPlan{err: broken}, 4, 0},
		{"a sum", nil, 6, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			comm, copies := &brokenComm{err: broken}, &lateCopier{}
			p := &rankedPlan{engine: NewRanked(nil, comm), copies: copies}
			for range 3 {
				b, err := p.newBucket([]int{0, 1})
				if err != nil {
					t.Fatal(err)
				}
				p.buckets = append(p.buckets, b)
			}
			p.buckets[2].plan = c.plan
			if err := p.Run(); !errors.Is(err, broken) {
				t.Errorf("error %v", err)
			}
			if copies.begun != c.copies || copies.arrived != c.copies || comm.sums != c.sums {
				t.Errorf("%d copies begun, want %d; %d waited for; %d sums waited for, want %d", copies.begun, c.copies, copies.arrived, comm.sums, c.sums)
			}
		})
	}
}
