package durable

import "os"

// pushStep is how many bytes are written before the disk is told to take them: enough that
// it writes them in one go, few enough that little is left for Sync.
const pushStep = 8 << 20

// pushed writes to f, and has the disk take what was written while more is being made: Sync
// at the end then waits for the rest of it only.
type pushed struct {
	f           *os.File
	told, wrote int64 // bytes of the file
}

func (p *pushed) Write(b []byte) (int, error) {
	n, err := p.f.Write(b)
	p.wrote += int64(n)
	if p.wrote-p.told >= pushStep {
		push(p.f, p.told, p.wrote-p.told)
		p.told = p.wrote
	}
	return n, err
}
