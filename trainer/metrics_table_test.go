package trainer

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/clprop/clprop/device"
)

// A row is there as soon as its epoch is over, whenever checkpoints are made, and also
// after somebody has removed the table.
func TestTableOfEpochsIsUpToDate(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, MetricsFile)
	train := randomSet(1, 23, 5, 3)
	c := resumeConfig()
	c.Checkpoints = &Checkpoints{Folder: folder, Every: Every{Epochs: 3}}
	seen := 0
	c.OnBatch = func(p Progress) { // called in the middle of an epoch
		table, err := os.ReadFile(path)
		// The header, and the epochs before this one.
		if lines := bytes.Count(table, []byte("\n")); err != nil || lines != p.Epoch {
			t.Errorf("%v: in epoch %d the table has %d lines:\n%s", err, p.Epoch, lines, table)
		}
		seen++
	}
	net := newNetwork(t, resumeNet)
	h, err := open(t, net, device.OpenReference()).Fit(context.Background(), train, nil, c)
	if err != nil || seen < 3 {
		t.Fatal(err, seen)
	}
	table, err := os.ReadFile(path)
	if err != nil || string(table) != string(metrics(h.Epochs, 5)) {
		t.Errorf("%v: %s", err, table)
	}
	k := keeper{Checkpoints: *c.Checkpoints, steps: 5}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := k.syncTable(); err != nil {
		t.Error(err)
	}
	if err := k.addRow(h.Epochs); err != nil {
		t.Error(err)
	}
	if again, err := os.ReadFile(path); err != nil || string(again) != string(table) {
		t.Errorf("%v: %s, want %s", err, again, table)
	}
}

// By hand: 5 steps an epoch, once without validation and once with.
func TestTableOfEpochs(t *testing.T) {
	got := string(metrics([]Epoch{
		{Epoch: 3, Loss: 0.5, Cost: 0.75, Accuracy: 0.25, Rate: 0.1, Seconds: 9},
		{Epoch: 4, Loss: 1e-9, Cost: 2, Accuracy: 1, Rate: 0.01, Validated: true, ValLoss: 3, ValAccuracy: 0.125},
	}, 5))
	want := "epoch,step,lr,loss,cost,accuracy,val_loss,val_accuracy\n" +
		"3,15,0.1,0.5,0.75,0.25,,\n" +
		"4,20,0.01,1e-09,2,1,3,0.125\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
