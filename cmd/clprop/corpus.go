package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

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
	doubts     []string
}

// loadCorpus reads the data to train on, holds back some of it for validation and
// for testing, or reads what is given for that or comes with the data, and learns
// the preprocessing from what is left.
func (f *dataFlags) loadCorpus(ctx context.Context, stdin io.Reader, testPath string, valShare float64, seed uint64) (*corpus, error) {
	c := &corpus{source: f.source()}
	var err error
	switch {
	case c.source == "":
		err = c.readDigits(valShare, seed)
	case f.streamed:
		err = c.stream(ctx, f, valShare, seed)
	default:
		err = c.read(f, stdin, valShare, seed)
	}
	if err == nil && f.learn.valData != "" {
		c.validation, err = f.load(f.learn.valData, c.preprocess, stdin, true)
	}
	switch {
	case err != nil:
	case testPath != "":
		c.testSource = testPath
		c.test, err = f.load(testPath, c.preprocess, stdin, true)
	case c.source != digitsSource && c.test == nil:
		err = c.readTest(f, stdin)
	}
	if err != nil {
		return nil, badFile(err)
	}
	var opts data.Options
	if err := f.learn.apply(&opts); err != nil {
		return nil, err
	}
	if c.preprocess.Image == nil {
		c.doubts = c.preprocess.Doubts(opts.Task)
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
func (c *corpus) readDigits(valShare float64, seed uint64) error {
	digits, preprocess, err := data.Digits()
	if err != nil {
		return err
	}
	c.source, c.testSource, c.preprocess = digitsSource, "the digits held back", preprocess
	if c.train, c.test, err = digits.Split(digitsTestShare, digitsTestSeed); err != nil || valShare == 0 {
		return err
	}
	if c.train, c.validation, err = c.train.Split(valShare, seed); err != nil {
		return splitError(c.source, err)
	}
	return nil
}

// read reads a file or folder. What is held back has no part in what is learned.
func (c *corpus) read(f *dataFlags, stdin io.Reader, valShare float64, seed uint64) error {
	raw, err := f.read(c.source, data.TrainPart, nil, stdin, true)
	if err != nil {
		return err
	}
	if images, ok := raw.(*data.Images); ok && images.Classes == nil && f.labels == "" {
		return noLabels(c.source, raw, nil, "")
	}
	var train, validation, test []int // nil: all rows, none, none
	if f.learn.testSplit > 0 {
		if train, test, err = raw.Split(nil, f.learn.testSplit, seed); err != nil {
			return splitError(c.source, err)
		}
	}
	if valShare > 0 && f.learn.valData == "" {
		if train, validation, err = raw.Split(train, valShare, seed); err != nil {
			return splitError(c.source, err)
		}
	}
	options, err := f.learn.fit()
	if err != nil {
		return err
	}
	if c.preprocess, err = raw.Fit(train, options); err != nil {
		return err
	}
	all, err := raw.Set(c.preprocess)
	if err != nil {
		return err
	}
	if c.train = all; train != nil {
		c.train = all.Subset(train)
	}
	if validation != nil {
		c.validation = all.Subset(validation)
	}
	if test != nil {
		c.test, c.testSource = all.Subset(test), "what was held back of "+c.source
	}
	return nil
}

// stream goes through a file once, and leaves the rows in it.
func (c *corpus) stream(ctx context.Context, f *dataFlags, valShare float64, seed uint64) error {
	opts, err := f.options(nil)
	if err != nil {
		return err
	}
	if err := f.learn.apply(&opts); err != nil {
		return err
	}
	if f.learn.valData != "" {
		valShare = 0
	}
	s, err := data.OpenStream(c.source, opts, data.StreamOptions{Validation: valShare, Seed: seed})
	if err != nil {
		return err
	}
	options, err := f.learn.fit()
	if err != nil {
		return err
	}
	began := time.Now()
	if c.preprocess, err = s.Fit(ctx, options); err != nil {
		if valShare > 0 {
			err = splitError(c.source, err)
		}
		return err
	}
	c.train, c.validation = s.Sets()
	c.note = fmt.Sprintf("streamed: the file is read anew each epoch, and was read for the columns in %s", duration(time.Since(began)))
	return nil
}

// readTest reads the test part that a folder or archive may have.
func (c *corpus) readTest(f *dataFlags, stdin io.Reader) error {
	if !f.is(c.source, data.Folder, data.NPZ) || c.source == "-" {
		return nil
	}
	raw, err := f.read(c.source, data.TestPart, c.preprocess, stdin, true)
	if errors.Is(err, data.ErrNoPart) {
		c.note = fmt.Sprintf("no test set: %v", err)
		return nil
	}
	if err != nil {
		return err
	}
	c.testSource = c.source + " (test part)"
	c.test, err = raw.Set(c.preprocess)
	return err
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
