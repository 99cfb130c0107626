package data

import (
	"bufio"
	"bytes"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Reader turns UTF-16 into UTF-8 (RFC 2781). Half of a pair becomes U+FFFD, as
// encoding/json does.
type utf16Reader struct {
	r     *bufio.Reader
	high  int    // which of two bytes is the high one
	ready []byte // not yet given out
	unit  rune   // read and not yet used, −1 if there is none
	err   error  // what ended the reading
	buf   [512]byte
}

// utf8Text makes a text in UTF-16, which its byte order mark tells, one in UTF-8.
func (s *source) utf8Text() {
	mark, err := s.r.Peek(2)
	if err != nil || !bytes.Equal(mark, []byte{0xff, 0xfe}) && !bytes.Equal(mark, []byte{0xfe, 0xff}) {
		return // a file of up to one byte is its format's business
	}
	u := &utf16Reader{r: s.r, unit: -1}
	if mark[0] == 0xff {
		u.high = 1
	}
	s.r, s.raw = bufio.NewReaderSize(u, detectBytes), false // the mark becomes that of UTF-8
}

// next reads a unit of 16 bits.
func (u *utf16Reader) next() (rune, error) {
	if unit := u.unit; unit >= 0 {
		u.unit = -1
		return unit, nil
	}
	var b [2]byte
	if _, err := io.ReadFull(u.r, b[:]); err != nil {
		return 0, err
	}
	return rune(b[u.high])<<8 | rune(b[1-u.high]), nil
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.ready) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.ready, u.err = u.fill()
	}
	n := copy(p, u.ready)
	u.ready = u.ready[n:]
	return n, nil
}

// fill reads until there is no room for another character.
func (u *utf16Reader) fill() (ready []byte, err error) {
	ready = u.buf[:0]
	for len(ready) <= len(u.buf)-utf8.UTFMax {
		c, err := u.next()
		if err != nil {
			return ready, err
		}
		if utf16.IsSurrogate(c) {
			low, err := u.next()
			if err != nil && err != io.EOF {
				return ready, err
			}
			pair := utf16.DecodeRune(c, low)
			if pair == utf8.RuneError && err == nil {
				u.unit = low
			}
			c = pair
		}
		ready = utf8.AppendRune(ready, c)
	}
	return ready, nil
}
