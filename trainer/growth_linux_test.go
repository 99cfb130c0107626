package trainer

import (
	"context"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"testing"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
)

// Over 900 of 1000 epochs, with validation and checkpoints, the driver's objects stay as
// many as they were, by the driver's own count and by ours, and the process as large: the
// history has some 250 KB, and the collector and the driver take and give back pages, so
// that 4 MiB are allowed. A page leaked in each of the 1800 steps would be 7 MiB.
//
// Events come and go while the step is on its way, so that at a given moment a few more or
// fewer may be alive: the two batches that are staged, each with its inputs, its targets and
// its launches. An event leaked by a checkpoint, the rarest of what repeats here, would
// make 36 more.
func TestNothingGrows(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		for _, resident := range []Resident{ResidentYes, ResidentNo} {
			// Eager, so that launches are joined at the start and not in between, when that has come to pay.
			eng, err := device.OpenWith("cpu", device.Options{Eager: true})
			if err != nil {
				t.Fatal(err)
			}
			var live, ours map[string]int
			var pages int
			config := Config{
				Epochs: 1000, BatchSize: 26, Resident: resident, Optimizer: Optimizer{Name: "adam"}, Rate: 0.001,
				Regularizers: Regularizers{Dropout: 0.2, ClipNorm: 1}, Checkpoints: &Checkpoints{Folder: t.TempDir(), Every: Every{Epochs: 25}},
				OnEpoch: func(e Epoch) {
					switch e.Epoch {
					case 100:
						live, ours, pages = d.Live(), cl.LiveObjects(), residentPages(t)
					case 1000:
						if now := d.Live(); !asMany(now, live) || len(now) == 0 {
							t.Errorf("%s: the driver has %v, had %v", resident, now, live)
						}
						if now := cl.LiveObjects(); !asMany(now, ours) {
							t.Errorf("%s: live are %v, were %v", resident, now, ours)
						}
						grown := (residentPages(t) - pages) * os.Getpagesize()
						t.Logf("%s: %d KiB larger after 900 epochs", resident, grown>>10)
						if grown > 4<<20 {
							t.Errorf("%s: %d bytes larger after 900 epochs", resident, grown)
						}
					}
				},
			}
			net := newNetwork(t, NetworkConfig{Sizes: []int{8, 16, 4}, Seed: 1})
			tr, err := New(net, eng)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tr.Fit(context.Background(), randomSet(1, 52, 8, 4), randomSet(2, 20, 8, 4), config); err != nil {
				t.Fatal(err)
			}
			tr.Close()
			if err := eng.Close(); err != nil {
				t.Fatal(err)
			}
			nothingLive(t, d, "1000 epochs")
		}
	})
}

// asMany says whether as many objects of each kind are alive as were, up to the events and
// transfers of the steps on their way.
func asMany(now, before map[string]int) bool {
	const onTheirWay = 16
	now, before = maps.Clone(now), maps.Clone(before)
	for _, kind := range []string{"event", "transfer"} {
		if grown := now[kind] - before[kind]; grown > onTheirWay || grown < -onTheirWay {
			return false
		}
		delete(now, kind)
		delete(before, kind)
	}
	return maps.Equal(now, before)
}

// residentPages is how large the process is, once the collector has given back what it can.
func residentPages(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, resident int
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident
}
