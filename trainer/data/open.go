package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
)

// open returns a reader of the file's content, uncompressed if it is gzip, which
// shows in its first two bytes (RFC 1952, 2.3.1) whatever its name. path "-"
// reads stdin.
func open(path string, stdin io.Reader) (io.Reader, func() error, error) {
	if path == "-" {
		if stdin == nil {
			return nil, nil, &Error{Path: path, Offset: -1, Err: errors.New("no standard input is given")}
		}
		r, err := uncompress(path, stdin)
		return r, func() error { return nil }, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err // *fs.PathError names the path
	}
	r, err := uncompress(path, f)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return r, f.Close, nil
}

func uncompress(path string, r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	magic, err := b.Peek(2)
	if err != nil && err != io.EOF { // a file of 0 or 1 bytes is its format's business
		return nil, &Error{Path: path, Offset: 0, Err: err}
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, &Error{Path: path, Offset: 0, Reason: "gzip header", Err: unexpected(err)}
	}
	return z, nil
}

// unexpected turns the end of input where more was due into io.ErrUnexpectedEOF.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
