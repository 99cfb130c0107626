package trainer

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/clprop/clprop/trainer/checkpoint"
	"github.com/clprop/clprop/trainer/durable"
)

// Newest returns the newest checkpoint in a folder that is whole, and changes nothing there:
// a training may be under way. Without one the error wraps ErrNoCheckpoint.
func Newest(folder string) (*Snapshot, error) {
	const tries = 100
	for range tries {
		s, removed, err := newest(folder)
		if s != nil || err != nil {
			return s, err
		}
		if !removed { // else a fast training has newer ones now than those that were listed
			break
		}
	}
	return nil, fmt.Errorf("%s: %w that is whole", folder, ErrNoCheckpoint)
}

// newest is Newest, nil if none that was listed is whole; removed says that one was removed meanwhile.
func newest(folder string) (s *Snapshot, removed bool, err error) {
	list, err := places(folder)
	if err != nil {
		return nil, false, err
	}
	for _, p := range list {
		s, err := LoadSnapshot(filepath.Join(folder, p.name()))
		switch {
		case err == nil:
			return s, removed, nil
		case errors.Is(err, fs.ErrNotExist):
			removed = true
		case errors.Is(err, checkpoint.ErrDamaged), errors.Is(err, ErrSnapshot):
		default:
			return nil, removed, err
		}
	}
	return nil, removed, nil
}

// maxMetrics bounds the bytes of a table of epochs: a file may come from anyone.
const maxMetrics = 64 << 20

// ReadMetrics reads the table of epochs beside checkpoints, MetricsFile, which has no times. A
// last row that is not whole is one that is being written, and left out. The error of a file
// that is no such table wraps ErrData.
func ReadMetrics(path string) ([]Epoch, error) {
	file, _, err := durable.Open(path, fmt.Errorf("%w: not a file", ErrData))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxMetrics+1)) // one more shows that there is more
	if err != nil {
		return nil, err
	}
	if len(text) > maxMetrics {
		return nil, fmt.Errorf("%s: %w: more than %d MiB, which no table of epochs has: name a run's %s", path, ErrData, maxMetrics>>20, MetricsFile)
	}
	whole := string(text[:strings.LastIndexByte(string(text), '\n')+1])
	rest, ok := strings.CutPrefix(whole, metricsHeader)
	if !ok {
		return nil, fmt.Errorf("%s: %w: it is not a table of epochs, which begins with %q", path, ErrData, strings.TrimSpace(metricsHeader))
	}
	rows, err := csv.NewReader(strings.NewReader(rest)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrData, err)
	}
	var epochs []Epoch
	for i, row := range rows {
		e, err := parseMetricsRow(row)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w: %w", path, i+2, ErrData, err)
		}
		epochs = append(epochs, e)
	}
	return epochs, nil
}

// parseMetricsRow reads what metricsRow wrote.
func parseMetricsRow(row []string) (e Epoch, err error) {
	if len(row) != strings.Count(metricsHeader, ",")+1 {
		return e, fmt.Errorf("%d cells, need %d", len(row), strings.Count(metricsHeader, ",")+1)
	}
	if e.Epoch, err = strconv.Atoi(row[0]); err != nil {
		return e, err
	}
	e.Validated = row[6] != ""
	numbers := []*float64{&e.Rate, &e.Loss, &e.Cost, &e.Accuracy, &e.ValLoss, &e.ValAccuracy}
	if !e.Validated {
		numbers = numbers[:4]
	}
	for i, v := range numbers {
		if *v, err = strconv.ParseFloat(row[2+i], 64); err != nil {
			return e, err
		}
	}
	return e, nil
}
