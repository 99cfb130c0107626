package trainer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
)

// The table of epochs reads back as the history without its times, and a row that is being
// written is left out; the newest checkpoint that is whole is found, and nothing is moved.
func TestUnfinishedRun(t *testing.T) {
	for _, validated := range []bool{false, true} {
		folder := t.TempDir()
		train, validation := randomSet(1, 23, 6, 3), randomSet(2, 9, 6, 3)
		if !validated {
			validation = nil
		}
		tr := open(t, newNetwork(t, NetworkConfig{Sizes: []int{6, 4, 3}}), device.OpenReference())
		h, err := tr.Fit(context.Background(), train, validation, Config{Epochs: 3, Checkpoints: &Checkpoints{Folder: folder}})
		if err != nil {
			t.Fatal(err)
		}
		want := h.Epochs
		for i := range want {
			want[i].Seconds, want[i].SamplesPerSecond, want[i].DataSeconds = 0, 0, 0
		}
		path := filepath.Join(folder, MetricsFile)
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString("4,12,0.1,0.5"); err != nil {
			t.Fatal(err)
		}
		file.Close()
		if got, err := ReadMetrics(path); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: got %+v, want %+v", err, got, want)
		}
		list, err := places(folder)
		if err != nil {
			t.Fatal(err)
		}
		newest := filepath.Join(folder, list[0].name())
		if err := os.WriteFile(newest, []byte("damaged"), 0o666); err != nil {
			t.Fatal(err)
		}
		if s, err := Newest(folder); err != nil || len(s.Epochs) != 2 || !reflect.DeepEqual(s.Network.Sizes, []int{6, 4, 3}) {
			t.Errorf("%+v, %v", s, err)
		}
		if _, err := os.Stat(newest); err != nil {
			t.Error("the damaged checkpoint was moved")
		}
	}
	if _, err := Newest(t.TempDir()); !errors.Is(err, ErrNoCheckpoint) {
		t.Error(err)
	}
}

// A table of which only the beginning would be read is refused, not cut.
func TestReadMetricsTooLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), MetricsFile)
	if err := os.WriteFile(path, []byte(metricsHeader), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, maxMetrics+1); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadMetrics(path); !errors.Is(err, ErrData) || !strings.Contains(err.Error(), "more than 64 MiB") {
		t.Errorf("%v, %v", got, err)
	}
}

// What is no table of epochs is refused, with the line.
func TestReadMetricsRefuses(t *testing.T) {
	for _, text := range []string{"", "epoch\n1\n", metricsHeader + "1,2\n", metricsHeader + "x,1,1,1,1,1,,\n", metricsHeader + "1,1,1,?,1,1,,\n"} {
		path := filepath.Join(t.TempDir(), MetricsFile)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadMetrics(path); !errors.Is(err, ErrData) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
