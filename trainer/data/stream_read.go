package data

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// pipeline takes the chunks of a file through work in several goroutines, and gives them out
// in the order of the file, whatever came of which first. It holds a fixed number of chunks.
type pipeline struct {
	rows    rowReader
	ordered chan *chunk // in the order of the file; closed after the last
	free    chan *chunk
	quit    chan struct{}
	ended   sync.WaitGroup
	once    sync.Once
	closed  error
}

// run begins to read rows, of which it becomes the owner. work is called with each chunk whose
// rows are in its table.
func (s *Stream) run(rows rowReader, work func(c *chunk) error) *pipeline {
	n := s.split.Goroutines
	p := &pipeline{rows: rows, ordered: make(chan *chunk, 2*n+2), free: make(chan *chunk, 2*n+2), quit: make(chan struct{})}
	for range cap(p.free) {
		p.free <- &chunk{}
	}
	todo := make(chan *chunk, cap(p.free))
	p.ended.Add(1 + n)
	go func() {
		defer p.ended.Done()
		defer close(p.ordered)
		defer close(todo)
		p.read(s.columns, todo)
	}()
	for range n {
		go func() {
			defer p.ended.Done()
			for c := range todo {
				err := rows.parse(c)
				if err == nil {
					err = work(c)
				}
				if err != nil {
					c.err = err // goes before what ended the reading behind its rows
				}
				close(c.done)
			}
		}()
	}
	return p
}

// read reads chunk after chunk, and gives each to the goroutines and, in order, to the
// consumer.
func (p *pipeline) read(columns *Table, todo chan<- *chunk) {
	for {
		var c *chunk
		select {
		case c = <-p.free:
		case <-p.quit:
			return
		}
		c.reset(columns)
		c.err = p.rows.next(c)
		last := c.err != nil
		todo <- c // both have room for all chunks that there are
		p.ordered <- c
		if last {
			return
		}
	}
}

// next returns the next chunk when it is done; nil after the last. What it holds is good until
// it is given back to p.free.
func (p *pipeline) next() *chunk {
	c, ok := <-p.ordered
	if !ok {
		return nil
	}
	<-c.done
	return c
}

// close ends the goroutines. It is safe to call twice.
func (p *pipeline) close() error {
	p.once.Do(func() {
		close(p.quit)
		p.ended.Wait()
		p.closed = p.rows.close()
	})
	return p.closed
}

// StreamReader is a pass over Streamed examples. It is for one goroutine at a time.
type StreamReader struct {
	of   *Streamed
	run  *pipeline
	at   *chunk // whose set was given out last
	rows int    // given out
	err  error
}

func newStreamReader(p *Streamed, rows rowReader) *StreamReader {
	encode := func(c *chunk) error {
		if c.table.rows == 0 {
			return nil
		}
		var err error
		c.set, err = c.table.Set(p.of.preprocess)
		return err
	}
	return &StreamReader{of: p, run: p.of.run(rows, encode)}
}

// Next returns the next examples, some at a time: a Set with X, Y and, if they have weights,
// Weights, which is good until the next call. After the last the error is io.EOF. An error
// is about the first row that is wrong, whatever was read first.
func (r *StreamReader) Next() (*Set, error) {
	for r.err == nil {
		if r.at != nil {
			if r.err = r.at.err; r.err != nil {
				break
			}
			r.run.free <- r.at
		}
		if r.at = r.run.next(); r.at == nil {
			return nil, errors.New("stream: it was closed")
		}
		if r.at.set != nil {
			r.rows += r.at.set.Rows
			return r.at.set, nil
		}
	}
	if r.err == io.EOF && r.rows != r.of.rows {
		r.err = r.of.of.changed(fmt.Sprintf("it has %d such rows, and had %d", r.rows, r.of.rows))
	}
	return nil, r.err
}

// Close ends the pass, wherever it is. It is safe to call twice.
func (r *StreamReader) Close() error { return r.run.close() }
