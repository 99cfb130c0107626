package trainer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/trainer/data"
)

// A signal that one rank gets stops all after the same step, and the checkpoint, which
// only rank 0 makes, goes on with another number of ranks, and alone, to where training
// without a stop ends, but for rounding.
func TestRanksStopAndGoOn(t *testing.T) {
	train, validation := digitsParts(t, 131)
	folder := t.TempDir()
	c := Config{Epochs: 4, BatchSize: 16, Seed: 5, Interval: time.Nanosecond}
	plain, _ := plainFit(t, train, validation, c)
	results := fitOnRanks(t, 3, train, validation, c, func(rank int, ctx *context.Context, _ **data.Set, c *Config) {
		if rank == 0 {
			c.Checkpoints = &Checkpoints{Folder: folder, Every: Every{Steps: 7}}
		}
		if rank == 2 {
			stopping, stop := context.WithCancel(*ctx)
			*ctx = stopping
			c.OnBatch = func(p Progress) {
				if p.Epoch == 2 && p.Step >= 3 {
					stop()
				}
			}
		}
	})
	for r, got := range results {
		if !errors.Is(got.err, context.Canceled) || len(got.history.Epochs) != 1 {
			t.Fatalf("rank %d: %d epochs, %v", r, len(got.history.Epochs), got.err)
		}
		if d := largestDifference(results[0].net, got.net); d != 0 {
			t.Errorf("rank %d stopped with other weights, by %g", r, d)
		}
	}
	for _, n := range []int{1, 2, 3, 4} {
		for r, got := range fitOnRanks(t, n, train, validation, c, func(_ int, _ *context.Context, _ **data.Set, c *Config) {
			snapshot, _, _, err := recoverCopy(t, folder)
			if err != nil {
				t.Error(err)
			}
			c.Resume = snapshot
		}) {
			if got.err != nil {
				t.Fatalf("rank %d of %d: %v", r, n, got.err)
			}
			sameRun(t, max(n, 2), r, plain, got) // the checkpoint is of three ranks
		}
	}
}

// A rank whose own context ended says which error that has, and the others that it was another;
// what is done by then is in a checkpoint.
func TestRanksSayWhyTheyStop(t *testing.T) {
	train, validation := digitsParts(t, 131)
	for late := range 2 {
		folder := t.TempDir()
		results := fitOnRanks(t, 2, train, validation, Config{Epochs: 2, BatchSize: 16}, func(rank int, ctx *context.Context, _ **data.Set, c *Config) {
			if rank == 0 {
				c.Checkpoints = &Checkpoints{Folder: folder}
			}
			if rank == late {
				over, stop := context.WithDeadline(*ctx, time.Now().Add(-time.Hour))
				t.Cleanup(stop)
				*ctx = over
			}
		})
		if err := results[late].err; !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.Errorf("rank %d, which is late: %v", late, err)
		}
		if err := results[1-late].err; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "another rank was stopped") {
			t.Errorf("rank %d, which is not late: %v", 1-late, err)
		}
		if s, _, _, err := Recover(folder); err != nil || len(s.Epochs) != 0 || s.Step != 1 {
			t.Errorf("rank %d late: the checkpoint is not of the first step: %v", late, err)
		}
	}
}

// recoverCopy is Recover of a copy: ranks that are goroutines would sweep the folder at
// the same time.
func recoverCopy(t *testing.T, folder string) (*Snapshot, string, []string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, "", nil, err
	}
	to, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		return nil, "", nil, err
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, e.Name()), content, 0o600)
		}
		if err != nil {
			return nil, "", nil, err
		}
	}
	return Recover(to)
}
