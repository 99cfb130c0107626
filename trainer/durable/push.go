package durable

import (
	"os"
	"sync"
)

// pushStep is how many bytes are written before the disk is told to take them: enough that
// it writes them in one go, few enough that little is left for Sync.
const pushStep = 8 << 20

// pushed writes to f, and has the disk take what was written while more is being made: the
// end then waits for the rest of it only.
type pushed struct {
	f           *os.File
	told, wrote int64 // bytes of the file
	telling     sync.WaitGroup
}

func (p *pushed) Write(b []byte) (int, error) {
	n, err := p.f.Write(b)
	p.wrote += int64(n)
	if p.wrote-p.told >= pushStep {
		from, size := p.told, p.wrote-p.told
		p.told = p.wrote
		p.telling.Go(func() { push(p.f, from, size) }) // which waits where the disk has much to do
	}
	return n, err
}
