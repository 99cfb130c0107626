package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

// The test part of the embedded digits is the same in every run, so that evaluate
// scores what train held back, whatever the seeds.
const (
	digitsTestShare = 0.2
	digitsTestSeed  = 1
	digitsSource    = "embedded digits"
)

// corpus is what train trains on.
type corpus struct {
	source     string
	preprocess *data.Preprocess
	train      *data.Set
	validation *data.Set // nil if there is none
	test       *data.Set // nil if there is none
	testSource string
	note       string // what the user should know about it; may be ""
}

// loadCorpus reads the data to train on, holds back valShare of it for validation,
// and reads what there is to test on: testPath, or else what comes with the data.
func (f *dataFlags) loadCorpus(stdin io.Reader, testPath string, valShare float64, seed uint64) (*corpus, error) {
	c := &corpus{source: f.source()}
	var err error
	switch kindOf(c.source) {
	case nothing:
		err = c.readDigits()
	case idxFolder:
		err = c.readFolder(testPath == "")
	case idxFile:
		var labels string
		if labels, err = f.idxLabels(c.source); err == nil {
			c.train, c.preprocess, err = data.LoadIDX(c.source, labels)
		}
	case csvFile:
		err = c.readCSV(f, stdin, valShare, seed)
	}
	if err == nil && testPath != "" {
		c.testSource = testPath
		c.test, err = f.load(testPath, c.preprocess, stdin, true)
	}
	if err == nil && valShare > 0 && c.validation == nil {
		if c.train, c.validation, err = c.train.Split(valShare, seed); err != nil {
			err = splitError(c.source, err)
		}
	}
	if err != nil {
		return nil, badFile(err)
	}
	return c, nil
}

// splitError adds to an error of Split how to do without, unless it is about what
// the file holds.
func splitError(source string, err error) error {
	if errors.Is(err, data.ErrFormat) {
		return err
	}
	return fmt.Errorf("%s: %w, or --val-split 0 for no validation", source, err)
}

// readDigits takes the embedded digits, with their test part held back.
func (c *corpus) readDigits() error {
	digits, preprocess, err := data.Digits()
	if err != nil {
		return err
	}
	c.source, c.testSource, c.preprocess = digitsSource, "the digits held back", preprocess
	c.train, c.test, err = digits.Split(digitsTestShare, digitsTestSeed)
	return err
}

// readFolder reads the training files of a directory, and its test files if they
// are wanted and there.
func (c *corpus) readFolder(withTest bool) (err error) {
	c.train, c.preprocess, err = data.LoadIDXDir(c.source, "train")
	if err != nil || !withTest {
		return err
	}
	images, labels, err := data.FindIDX(c.source, "test")
	if errors.Is(err, fs.ErrNotExist) {
		c.note = fmt.Sprintf("no test set: %v", err)
		return nil
	}
	if err == nil {
		c.test, err = c.preprocess.LoadIDX(images, labels)
	}
	c.testSource = images
	return err
}

// readCSV reads a table. What is held back for validation has no part in the
// mean and deviation of its columns.
func (c *corpus) readCSV(f *dataFlags, stdin io.Reader, valShare float64, seed uint64) error {
	opts, err := f.csv(stdin)
	if err != nil {
		return err
	}
	table, err := data.ReadCSV(c.source, opts)
	if err != nil {
		return err
	}
	var train, validation []int
	if valShare > 0 {
		if train, validation, err = table.Split(valShare, seed); err != nil {
			return splitError(c.source, err)
		}
	}
	if c.preprocess, err = table.Fit(train, data.FitOptions{}); err != nil {
		return err
	}
	if c.train, err = table.Set(c.preprocess); err != nil {
		return err
	}
	if valShare > 0 {
		c.train, c.validation = c.train.Subset(train), c.train.Subset(validation)
	}
	return nil
}

// digitsForModel returns the digits that train holds back, if the model is one of
// digits.
func digitsForModel(m *trainer.Model) (set *data.Set, ok bool, err error) {
	digits, p, err := data.Digits()
	if err != nil {
		return nil, false, err
	}
	if m.Preprocess == nil || m.Preprocess.Image == nil || *m.Preprocess.Image != *p.Image ||
		!slices.Equal(m.Preprocess.Classes, p.Classes) {
		return nil, false, nil
	}
	_, set, err = digits.Split(digitsTestShare, digitsTestSeed)
	return set, true, err
}
