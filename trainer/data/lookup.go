package data

// lookup finds the position of a cell's name among known names.
type lookup struct {
	byName map[string]int
	byCell map[cell]int // what was found before
}

func newLookup(known []string) *lookup {
	u := &lookup{byName: make(map[string]int, len(known)), byCell: map[cell]int{}}
	for k, s := range known {
		if x, ok := parseNumber([]byte(s)); ok { // 1.0, from a text of another program
			if _, there := u.byName[spell(x)]; !there {
				u.byName[spell(x)] = k
			}
		}
	}
	for k, s := range known {
		u.byName[s] = k
	}
	return u
}

// find returns the position, or −1.
func (u *lookup) find(t *Table, c cell, j int) int {
	k, ok := u.byCell[c]
	if !ok {
		if k, ok = u.byName[t.nameOf(c, j)]; !ok || c.isText() && c.text() >= len(t.texts[j].known) {
			k = -1
		}
		if k >= 0 || c.isText() { // of unknown numbers there may be many
			u.byCell[c] = k
		}
	}
	return k
}
