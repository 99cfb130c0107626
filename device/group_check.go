package device

import (
	"errors"
	"fmt"
	"strings"
)

// ErrGroup is wrapped by errors about a group that no machine, or not this one, can make: of a
// device that is in it twice, or of more compute units than the device has.
var ErrGroup = errors.New("no such group or parts of devices")

// ErrProfile is wrapped by errors about Options.Profile of what has no one clock.
var ErrProfile = errors.New("a profile is of one whole device")

// profileOf is the error of a profile of several devices or of parts of one.
func profileOf(spec string) error {
	if of, _, parts := cutParts(spec); parts && !strings.Contains(of, ",") {
		return fmt.Errorf("device %q: %w, and launches are divided among the queues of its parts, which take no times: name the whole, %s", spec, ErrProfile, of)
	}
	return fmt.Errorf("device %q: %w, and these are several: name one", spec, ErrProfile)
}

// Check reports what is wrong with a spec and options, as OpenWith takes them, as far as that shows
// without opening anything.
func (l *Listing) Check(spec string, options Options) error {
	if _, _, err := l.Find(spec); err == nil || !isGroup(spec) {
		return err
	}
	if options.Profile {
		return profileOf(spec)
	}
	cuts := &cuts{listing: l, of: map[int]*cut{}}
	seen := map[int]bool{}
	for _, term := range strings.Split(spec, ",") {
		if err := l.checkTerm(strings.TrimSpace(term), cuts, seen); err != nil {
			return err
		}
	}
	return cuts.check()
}

// checkTerm is Check of one of several: parts go to cuts, and whole devices to seen, by their index.
func (l *Listing) checkTerm(term string, cuts *cuts, seen map[int]bool) error {
	found := Found{Index: -1, Name: "the CPU reference"}
	of, units, parts := cutParts(term)
	switch strings.ToLower(term) {
	case "all":
		return nil
	case "cpuref", KindReference:
	default:
		err := named(term)
		if err == nil {
			found, _, err = l.Find(of)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case parts:
		cuts.add(found, units)
	case seen[found.Index]:
		return namedTwice(found.Name, found.Index)
	default:
		seen[found.Index] = true
	}
	return nil
}

// isGroup reports whether a spec names several devices, or a part of one.
func isGroup(spec string) bool {
	if _, _, parts := cutParts(spec); parts {
		return true
	}
	return strings.EqualFold(strings.TrimSpace(spec), "all") || strings.Contains(spec, ",")
}

// named refuses what names no device of its own among several.
func named(term string) error {
	if term == "" || strings.EqualFold(term, "auto") {
		return fmt.Errorf("%w: %q among several: name each", ErrUnknownDevice, term)
	}
	return nil
}

// checkTwice refuses a whole device that is named twice: it would not get faster.
func checkTwice(members []Engine) error {
	seen := map[string]bool{}
	for _, m := range members {
		i := m.Info()
		key := fmt.Sprint(i.Index, i.Name)
		if seen[key] {
			return namedTwice(i.Name, i.Index)
		}
		seen[key] = true
	}
	return nil
}

// namedTwice is the error about a device that is in a group twice; that of no OpenCL has an index below 0.
func namedTwice(name string, index int) error {
	err := fmt.Errorf("%w: %s is named twice: name each device once", ErrGroup, name)
	if index >= 0 {
		err = fmt.Errorf("%w, or a part of it each time, as %d/1", err, index)
	}
	return err
}
