package serve

import (
	"bytes"
	"encoding/json"
)

// scanner goes over a text that is known to be JSON, by json.Valid, so that it has not to
// look out for anything. It finds where values begin and end, and makes nothing of them: a
// row of numbers costs no allocation.
type scanner struct {
	text []byte
	at   int
}

// peek passes over blanks and returns the byte that follows; 0 at the end.
func (s *scanner) peek() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// pass passes over blanks and what is due, and reports whether it is there. The text may be
// anything.
func (s *scanner) pass(due string) bool {
	s.peek()
	if len(s.text)-s.at < len(due) || string(s.text[s.at:s.at+len(due)]) != due {
		return false
	}
	s.at += len(due)
	return true
}

// more reports whether another element of an array or object follows, which closing ends,
// and passes over what is before it, or over closing.
func (s *scanner) more(closing byte) bool {
	switch s.peek() {
	case closing:
		s.at++
		return false
	case ',':
		s.at++
	case 0:
		return false
	}
	s.peek()
	return true
}

// value passes over a value and returns its text.
func (s *scanner) value() []byte {
	switch s.peek() {
	case '"':
		return s.quoted()
	case '{', '[':
		return s.nested()
	}
	from := s.at
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ',', ']', '}', ' ', '\t', '\n', '\r':
			return s.text[from:s.at]
		}
		s.at++
	}
	return s.text[from:]
}

// quoted passes over a text in quotes and returns it with them.
func (s *scanner) quoted() []byte {
	from := s.at
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return s.text[from:s.at]
		}
	}
	return s.text[from:]
}

// nested passes over an object or array and returns its text.
func (s *scanner) nested() []byte {
	from := s.at
	for depth := 0; s.at < len(s.text); {
		switch s.text[s.at] {
		case '"':
			s.quoted()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if s.at++; depth == 0 {
			break
		}
	}
	return s.text[from:s.at]
}

// member passes over a member of an object and returns its name and the text of its value.
func (s *scanner) member() (name, value []byte) {
	name = unquote(s.value())
	s.peek()
	s.at++ // the colon
	return name, s.value()
}

// unquote is what a text in quotes stands for.
func unquote(quoted []byte) []byte {
	if plain := quoted[1 : len(quoted)-1]; bytes.IndexByte(plain, '\\') < 0 {
		return plain
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return nil // a text that is JSON does not fail
	}
	return []byte(text)
}

// rows finds the rows of a request: what follows the [ of its only member.
func (s *scanner) rows() (*scanner, error) {
	if s.peek() != '{' {
		return nil, bad(0, "", "%s is not what is due here: %s", kindOf(s.value()), need)
	}
	s.at++
	var list *scanner
	for s.more('}') {
		name, value := s.member()
		switch {
		case string(name) != "rows":
			return nil, bad(0, "", "unknown field %.40q: %s", name, need)
		case list != nil:
			return nil, bad(0, "", "rows is there twice: %s", need)
		case value[0] != '[':
			return nil, bad(0, "", "%s is not what is due here: %s", kindOf(value), need)
		}
		list = &scanner{text: value, at: 1}
	}
	if list == nil {
		return nil, bad(0, "", "no rows: %s", need)
	}
	return list, nil
}

// kindOf names what kind of value a text is.
func kindOf(value []byte) string {
	switch value[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	case 'n':
		return "null"
	}
	return "number"
}
