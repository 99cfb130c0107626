package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// errScalar says what a value of a file of flags may be.
var errScalar = errors.New("expected a text, a number, true or false, or a list of them")

// parseConfig reads the part of YAML 1.2 that flags need: lines NAME: VALUE, comments,
// texts plain or between quotes, and lists of them, [a, b] or a line "- a" for each, which
// become the elements with commas between. All else is an error, which is about line at:
// a flag is never taken for something that a whole YAML would have read otherwise.
func parseConfig(text []byte) (settings []setting, at int, err error) {
	seen := map[string]int{}
	list := false // the lines of a list may follow
	for i, line := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
		at = i + 1
		line = strings.TrimRight(line, " \t\r")
		content := strings.TrimLeft(line, " ")
		if content == "" || content[0] == '#' || line == "---" && len(settings) == 0 {
			continue
		}
		if item, ok := strings.CutPrefix(content+" ", "- "); ok && list {
			value, err := wholeScalar(item)
			if err != nil {
				return nil, at, err
			}
			last := &settings[len(settings)-1]
			last.value += strings.Repeat(",", min(1, len(last.value))) + value
			continue
		}
		name, rest, ok := strings.Cut(line+" ", ": ")
		if !ok || content != line || strings.ContainsAny(name, " \t\"'#{}[]&*!|>%@`,") || name == "" || name == "-" || name == "?" {
			return nil, at, errors.New("expected NAME: VALUE, such as epochs: 10")
		}
		s := setting{name: name, line: at}
		if s.value, err = parseValue(rest); err != nil {
			return nil, at, fmt.Errorf("%s: %w", name, err)
		}
		if before := seen[name]; before > 0 {
			return nil, at, fmt.Errorf("%s is there twice, first in line %d: remove one", name, before)
		}
		seen[name] = at
		settings = append(settings, s)
		list = blank(rest)
	}
	return settings, 0, nil
}

// blank reports whether nothing but a comment is left of a line.
func blank(rest string) bool {
	trimmed := strings.TrimLeft(rest, " \t")
	return trimmed == "" || trimmed[0] == '#' && len(trimmed) < len(rest) || rest != "" && rest[0] == '#'
}

// parseValue reads what follows the colon.
func parseValue(rest string) (string, error) {
	rest = strings.TrimLeft(rest, " \t")
	inner, ok := strings.CutPrefix(rest, "[")
	if !ok {
		return wholeScalar(rest)
	}
	var parts []string
	for {
		inner = strings.TrimLeft(inner, " \t")
		if after, ok := strings.CutPrefix(inner, "]"); ok {
			if !blank(after) {
				return "", errScalar
			}
			return strings.Join(parts, ","), nil
		}
		part, after, err := scalar(inner, ",]")
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
		if inner = strings.TrimLeft(after, " \t"); inner == "" || inner[0] != ',' && inner[0] != ']' {
			return "", errors.New("a list ends with ] in its line, and has commas between its elements")
		}
		inner = strings.TrimPrefix(inner, ",")
	}
}

// wholeScalar reads a scalar with nothing but a comment after it.
func wholeScalar(text string) (string, error) {
	if text = strings.TrimLeft(text, " \t"); blank(text) {
		return "", nil
	}
	value, after, err := scalar(text, "")
	if err == nil && !blank(after) {
		err = fmt.Errorf("%w: put a text with special characters between quotes", errScalar)
	}
	return value, err
}

// scalar reads a text, up to one of the characters in ends if it is not quoted.
func scalar(text, ends string) (value, after string, err error) {
	switch {
	case text == "":
		return "", "", errScalar
	case text[0] == '"':
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return "", "", errors.New("a quote without its end, or an escape that there is not")
		}
		value, err = strconv.Unquote(quoted)
		return value, text[len(quoted):], err
	case text[0] == '\'':
		for i := 1; i < len(text); i++ {
			if text[i] != '\'' {
				continue
			}
			if i+1 < len(text) && text[i+1] == '\'' { // a quote within
				i++
				continue
			}
			return strings.ReplaceAll(text[1:i], "''", "'"), text[i+1:], nil
		}
		return "", "", errors.New("a quote without its end")
	case strings.ContainsRune("&*!|>%@`{}[],?#", rune(text[0])):
		return "", "", errScalar
	}
	end := len(text)
	if i := strings.Index(text, " #"); i >= 0 {
		end = i
	}
	if i := strings.IndexAny(text, ends); i >= 0 {
		end = min(end, i)
	}
	value = strings.TrimRight(text[:end], " \t")
	if value == "-" || strings.HasPrefix(value, "- ") || strings.Contains(value+" ", ": ") {
		return "", "", errScalar
	}
	if value == "~" || value == "null" {
		value = ""
	}
	return value, text[end:], nil
}
