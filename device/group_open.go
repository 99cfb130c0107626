package device

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/clprop/clprop/cl"
)

// partMark is what comes between the name of a device and which part of it is meant.
const partMark = " part "

// Members returns the devices that spec names, as OpenWith takes it but for "auto", without
// opening any: one, or those of a group. The CPU reference is none of them. A device that
// parts are named of has the Units of the first, by which its tunings are kept.
func (l *Listing) Members(spec string) ([]Found, error) {
	if found, _, err := l.Find(spec); err == nil {
		return []Found{found}, nil
	}
	members := []Found{}
	for _, term := range strings.Split(spec, ",") {
		of, units, parts := cutParts(strings.TrimSpace(term))
		switch name := strings.ToLower(of); {
		case parts: // of no reference, and not of all
		case name == "cpuref", name == KindReference:
			continue
		case name == "all" && len(l.Devices) > 0:
			members = append(members, l.Devices...)
			continue
		}
		found, _, err := l.Find(of)
		if err != nil && isGroup(spec) {
			err = fmt.Errorf("device %q: %w", spec, err) // as openGroup has it
		}
		if err != nil {
			return nil, err
		}
		if parts {
			found.Units = units[0]
		}
		members = append(members, found)
	}
	return members, nil
}

// cutParts reads DEVICE/UNITS, DEVICE/UNITSxCOUNT and DEVICE/UNITS+UNITS+…: parts of a
// device with so many compute units each, which one engine divides its launches among.
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
		return nil, profileOf(spec)
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
	cuts, err := newCuts(terms)
	if err != nil {
		return nil, fmt.Errorf("device %q: %w", spec, err)
	}
	defer cuts.release()
	var members []Engine
	closed := func(err error) error {
		for _, m := range members {
			err = errors.Join(err, m.Close())
		}
		return fmt.Errorf("device %q: %w", spec, err)
	}
	for _, term := range terms {
		opened, err := openTerm(strings.TrimSpace(term), cuts, options)
		if err != nil {
			return nil, closed(err)
		}
		members = append(members, opened)
	}
	if err := checkTwice(members); err != nil {
		return nil, closed(err)
	}
	shares := options.Shares
	if shares == nil {
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

// openTerm opens one device, or parts of it.
func openTerm(term string, cuts *cuts, options Options) (Engine, error) {
	if err := named(term); err != nil {
		return nil, err
	}
	if _, _, parts := cutParts(term); parts {
		return cuts.open(term, options)
	}
	options.Shares = nil
	return OpenWith(term, options)
}

// cuts are the devices that terms name parts of. Each is cut once, so that the parts of
// several terms are not the same cores.
type cuts struct {
	listing *Listing
	of      map[int]*cut // by Found.Index
}

type cut struct {
	Found
	units       []int        // of all parts
	all, opened int          // terms
	parts       []*cl.Device // not opened yet; nil before the device is cut
}

// newCuts finds the devices that terms name parts of.
func newCuts(terms []string) (*cuts, error) {
	c := &cuts{of: map[int]*cut{}}
	for _, term := range terms {
		of, units, parts := cutParts(strings.TrimSpace(term))
		if !parts {
			continue
		}
		if c.listing == nil {
			var err error
			if c.listing, err = List(); err != nil {
				return nil, err
			}
		}
		found, _, err := c.listing.Find(of)
		if err != nil {
			return nil, err
		}
		c.add(found, units)
	}
	return c, c.check()
}

// add notes parts of a device, of so many compute units each.
func (c *cuts) add(found Found, units []int) {
	if c.of[found.Index] == nil {
		c.of[found.Index] = &cut{Found: found}
	}
	own := c.of[found.Index]
	own.units = append(own.units, units...)
	own.all++
}

// check refuses more compute units than a device has.
func (c *cuts) check() error {
	for _, own := range c.of {
		sum := 0
		for _, n := range own.units {
			sum += n
		}
		if sum > own.Units {
			return fmt.Errorf("%w: %s has %d compute units, and %d are asked for in parts", ErrGroup, own.Name, own.Units, sum)
		}
	}
	return nil
}

// open opens the parts that the next term of a device names, which share its memory. The
// terms of a device share it evenly.
func (c *cuts) open(term string, options Options) (Engine, error) {
	of, units, _ := cutParts(term)
	found, _, err := c.listing.Find(of)
	if err != nil {
		return nil, err
	}
	own := c.of[found.Index]
	if own.parts == nil {
		if own.parts, err = found.device.CreateSubDevicesByCounts(own.units); err != nil {
			return nil, fmt.Errorf("parts of %s, which has %d compute units: %w", found.Name, found.Units, err)
		}
	}
	own.opened++
	found.parts, own.parts = own.parts[:len(units)], own.parts[len(units):]
	found.device, found.Units = found.parts[0], 0
	for _, part := range found.parts {
		found.Units += part.MaxComputeUnits()
	}
	found.Name += fmt.Sprintf("%s%d/%d", partMark, own.opened, own.all)
	if len(units) > 1 {
		found.Name += " of " + term[strings.LastIndex(term, "/")+1:] + " units"
	}
	found.TotalMemory /= int64(own.all)
	e, err := found.open("a part that was asked for", options)
	if err != nil {
		releaseDevices(found.parts)
		return nil, err
	}
	e.(*opencl).parts.devices = found.parts
	return e, nil
}

// release gives back the parts that no engine was opened on.
func (c *cuts) release() {
	for _, own := range c.of {
		releaseDevices(own.parts)
	}
}

func releaseDevices(devices []*cl.Device) {
	for _, d := range devices {
		d.Release()
	}
}
