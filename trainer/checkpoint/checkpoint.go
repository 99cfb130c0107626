package checkpoint

import (
	"errors"
	"hash/crc32"
)

// Version is the version that Write writes, and the newest that Read reads.
const Version = 1

const (
	magic      = "\x89clprop\n"
	headBytes  = len(magic) + 4
	shaBytes   = 32
	crcBytes   = 4
	maxName    = 255
	leastBytes = headBytes + shaBytes
)

// Errors that Read wraps, for errors.Is.
var (
	// ErrDamaged: the file is no checkpoint, or not as it was written.
	ErrDamaged = errors.New("damaged checkpoint")
	// ErrVersion: the file is whole, and of a newer program.
	ErrVersion = errors.New("checkpoint of a newer version")
)

// castagnoli is the polynomial of CRC-32C: G. Castagnoli, S. Bräuer and M.
// Herrmann, "Optimization of cyclic redundancy-check codes with 24 and 32 parity
// bits", IEEE Transactions on Communications 41 (1993) 883–892.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)
