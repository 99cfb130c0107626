package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
	"github.com/clprop/clprop/trainer/live"
	"github.com/spf13/cobra"
)

// Where the page of train --serve is if nothing else is said. If that port is taken, such as
// by another training, any that is free is.
const (
	serveAuto   = "auto"
	liveAddress = "127.0.0.1:8090"
)

// farewell is how long a training that is over waits for browsers to be told.
const farewell = 2 * time.Second

// A confusion matrix for the page is of so many validation examples, and is made anew when
// the last one took so small a share of the time.
const (
	confusedExamples = 1024
	confusedShare    = 200
)

// checkServe refuses a value of --serve that is no address, and reads one without a host as
// this machine's.
func checkServe(cmd *cobra.Command, addr *string) error {
	if *addr == "" || *addr == serveAuto {
		return nil
	}
	if strings.HasPrefix(*addr, ":") {
		*addr = "127.0.0.1" + *addr
	}
	return checkAddress(cmd, "serve", *addr)
}

// livePage is the page of a training. All of its methods do nothing if there is none.
type livePage struct {
	*live.Run
	server *http.Server
	ended  chan error

	judged time.Time // when the last confusion matrix was made, and how long that took
	took   time.Duration
}

// openPage serves the page that --serve asks for; nil if it does not.
func (e *env) openPage(ctx context.Context, cmd *cobra.Command, t *training) (*livePage, error) {
	f := t.flags
	if f.serve == "" || !e.joined.leads() {
		return nil, nil
	}
	addr := f.serve
	if addr == serveAuto {
		addr = liveAddress
	}
	listener, err := e.listen(ctx, addr)
	if err != nil && f.serve == serveAuto {
		listener, err = e.listen(ctx, "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("--serve %s: %w: choose another port, or stop what listens there", addr, err)
	}
	name := "clprop train"
	if f.run.folder != "" {
		if whole, err := filepath.Abs(f.run.folder); err == nil {
			name = filepath.Base(whole)
		}
	}
	var done []trainer.Epoch
	if s := f.run.snapshot; s != nil {
		done = s.Epochs
	}
	p := &livePage{
		Run:   live.New(name, max(0, f.config.Epochs), done, t.net.Loss.Regression(), t.settings(cmd)),
		ended: make(chan error, 1),
	}
	p.server = e.newHTTPServer(guarded(p.Handler(), listener, nil))
	go func() { p.ended <- p.server.Serve(listener) }()
	e.note("live    http://%s/ shows the training until it ends", browsable(listener))
	return p, nil
}

// browsable is the address of a listener as a browser takes it.
func browsable(l net.Listener) string {
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("localhost:%d", tcp.Port)
	}
	return l.Addr().String()
}

func (p *livePage) batch(b trainer.Progress) {
	if p != nil {
		p.Batch(b)
	}
}

// epoch notes an epoch, and now and then makes a confusion matrix, by tr, for who looks.
func (p *livePage) epoch(ctx context.Context, e trainer.Epoch, t *training, tr *trainer.Trainer) {
	if p == nil {
		return
	}
	p.Epoch(e)
	set := t.examples.validation
	info := t.eng.Info()
	spare := info.TotalMemory == 0 || t.eng.Counters().Allocated <= info.TotalMemory/2
	if set == nil || set.Regression() || set.MultiLabel || t.joined.count() > 1 || !spare || !p.Watched() || time.Since(p.judged) < confusedShare*p.took {
		return
	}
	began := time.Now()
	if set = confused(set); set == nil {
		return
	}
	judged, err := tr.Evaluate(ctx, set)
	p.judged = time.Now()
	p.took = p.judged.Sub(began)
	if err != nil { // training meets it too, if it is more than a matrix that fails
		return
	}
	p.Confusion(fmt.Sprintf("%d validation examples after epoch %d", judged.Count, e.Epoch), t.classes(), judged.Confusion)
}

// confused are the examples of set that a confusion matrix is of; nil if set is streamed, of
// which no rows can be chosen.
func confused(set *data.Set) *data.Set {
	if set.Streamed != nil {
		return nil
	}
	if set.Rows <= confusedExamples {
		return set
	}
	rows := make([]int, confusedExamples)
	for i := range rows {
		rows[i] = i * set.Rows / confusedExamples
	}
	return set.Subset(rows)
}

// endPage tells who looks what became of training, and closes the page.
func (e *env) endPage(p *livePage, t *training, err error) {
	if p == nil {
		return
	}
	switch {
	case err != nil && t.interrupted == nil:
		p.End(live.Failed, oneLine(err.Error()))
	case t.interrupted != nil:
		p.End(live.Interrupted, oneLine(t.interrupted.Error()))
	default:
		message := ""
		if t.test != nil {
			message = t.scores().line("test")
			if t.test.Confusion != nil {
				p.Confusion(t.examples.testSource, t.classes(), t.test.Confusion)
			}
		}
		p.End(live.Finished, message)
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if p.server.Shutdown(ctx) != nil {
		p.server.Close() // a browser that does not read
	}
	if err := <-p.ended; !errors.Is(err, http.ErrServerClosed) {
		e.note("warning: --serve: %v", err)
	}
}

// classes are the names of the classes.
func (t *training) classes() []string {
	return classNames(&trainer.Model{Network: t.net, Preprocess: t.examples.preprocess, Classes: t.examples.preprocess.Classes})
}
