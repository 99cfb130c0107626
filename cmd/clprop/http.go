package main

import (
	"context"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/clprop/clprop/trainer/serve"
	"github.com/spf13/cobra"
)

// Time-outs of connections: one that sends its header or body byte by byte, or does not
// read its answer, is closed.
const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
)

// newHTTPServer answers by handler, within bounds; what is wrong with a connection is noted.
func (e *env) newHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      2 * bodyTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(noteWriter{e}, "", 0),
	}
}

// checkAddress refuses what is no HOST:PORT.
func checkAddress(cmd *cobra.Command, flag, addr string) error {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return usage(cmd, "--%s %q: need HOST:PORT, such as 127.0.0.1:8080", flag, addr)
	}
	return nil
}

// listen listens on addr, and warns where others than this machine can reach it.
func (e *env) listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err == nil && !onLoopback(listener) {
		e.note("warning: others on the network can reach %s, without password or encryption", listener.Addr())
	}
	return listener, err
}

func onLoopback(l net.Listener) bool {
	tcp, ok := l.Addr().(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// guarded has handler answer only those who mean this machine, see serve.Hosts: all who
// reach a listener on loopback do, but for a browser that was told a wrong address. Where
// others may come, it is known by names that only hosts can tell, if there are any.
func guarded(handler http.Handler, l net.Listener, hosts []string) http.Handler {
	if len(hosts) > 0 || onLoopback(l) {
		return serve.Hosts(handler, hosts...)
	}
	return handler
}

// noteWriter writes lines as notes.
type noteWriter struct{ *env }

func (w noteWriter) Write(line []byte) (int, error) {
	w.note("%s", line)
	return len(line), nil
}
