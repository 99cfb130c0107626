package device

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// partMark is what comes between the name of a device and which part of it is meant.
const partMark = " part "

// isGroup reports whether a spec names several devices, or a part of one.
func isGroup(spec string) bool {
	if _, _, parts := cutParts(spec); parts {
		return true
	}
	return strings.EqualFold(strings.TrimSpace(spec), "all") || strings.Contains(spec, ",")
}

// cutParts reads DEVICE/UNITS, DEVICE/UNITSxCOUNT and DEVICE/UNITS+UNITS+…: parts of a
// device with so many compute units each.
func cutParts(spec string) (of string, units []int, ok bool) {
	i := strings.LastIndex(spec, "/")
	if i < 0 {
		return spec, nil, false
	}
	for _, text := range strings.Split(spec[i+1:], "+") {
		each, count, several := strings.Cut(text, "x")
		n, err := strconv.Atoi(each)
		times := 1
		if several && err == nil {
			times, err = strconv.Atoi(count)
		}
		if err != nil || n < 1 || times < 1 || len(units)+times > 4096 {
			return spec, nil, false
		}
		for range times {
			units = append(units, n)
		}
	}
	return spec[:i], units, true
}

// openGroup opens what a spec of several devices names, as one engine.
func openGroup(spec string, options Options) (Engine, error) {
	if options.Profile {
		return nil, fmt.Errorf("device %q: a profile is of one device: name one", spec)
	}
	terms := strings.Split(spec, ",")
	if strings.EqualFold(strings.TrimSpace(spec), "all") {
		listing, err := List()
		if err != nil {
			return nil, fmt.Errorf("device %q: %w", spec, err)
		}
		terms = nil
		for _, found := range listing.Devices {
			terms = append(terms, strconv.Itoa(found.Index))
		}
	}
	var members []Engine
	closed := func(err error) error {
		for _, m := range members {
			err = errors.Join(err, m.Close())
		}
		return fmt.Errorf("device %q: %w", spec, err)
	}
	for _, term := range terms {
		opened, err := openTerm(strings.TrimSpace(term), options)
		members = append(members, opened...)
		if err != nil {
			return nil, closed(err)
		}
	}
	if err := checkTwice(members); err != nil {
		return nil, closed(err)
	}
	shares := options.Shares
	if shares == nil {
		var err error
		if shares, err = measureShares(members, options.Workload); err != nil {
			return nil, closed(err)
		}
	}
	e, err := NewGroup(members, shares)
	if err != nil {
		return nil, closed(err)
	}
	return e, nil
}

// openTerm opens one device, or its parts.
func openTerm(term string, options Options) ([]Engine, error) {
	of, units, parts := cutParts(term)
	if term == "" || strings.EqualFold(term, "auto") {
		return nil, fmt.Errorf("%w: %q among several: name each", ErrUnknownDevice, term)
	}
	if !parts {
		options.Shares = nil
		e, err := OpenWith(term, options)
		if err != nil {
			return nil, err
		}
		return []Engine{e}, nil
	}
	listing, err := List()
	if err != nil {
		return nil, err
	}
	found, _, err := listing.Find(of)
	if err != nil {
		return nil, err
	}
	return found.openParts(units, options)
}

// openParts opens parts of a device, which share its memory evenly.
func (f Found) openParts(units []int, options Options) (list []Engine, err error) {
	parts, err := f.device.CreateSubDevicesByCounts(units)
	if err != nil {
		return nil, fmt.Errorf("parts of %s, which has %d compute units: %w", f.Name, f.Units, err)
	}
	for i, part := range parts {
		own := f
		own.device, own.Units = part, part.MaxComputeUnits()
		own.Name = fmt.Sprintf("%s%s%d/%d", f.Name, partMark, i+1, len(parts))
		own.TotalMemory = f.TotalMemory / int64(len(parts))
		e, err := own.open("a part that was asked for", options)
		if err != nil {
			for _, rest := range parts[i:] {
				rest.Release()
			}
			return list, err
		}
		e.(*opencl).part = part
		list = append(list, e)
	}
	return list, nil
}

// checkTwice refuses a whole device that is named twice: it would not get faster.
func checkTwice(members []Engine) error {
	seen := map[string]bool{}
	for _, m := range members {
		i := m.Info()
		key := fmt.Sprint(i.Index, i.Name)
		if seen[key] {
			return fmt.Errorf("%s is named twice: name each device once, or parts of it as %d/1x2", i.Name, max(i.Index, 0))
		}
		seen[key] = true
	}
	return nil
}
