package kernels

import (
	"strings"
	"testing"
)

// A switch is off or on by any of the usual words, and anything else is an error that switches
// nothing off.
func TestSwitchedOff(t *testing.T) {
	const name = "CLPROP_TEST_SWITCH"
	for off, words := range map[bool]string{true: "off OFF Off 0 false False no", false: "on ON 1 true TRUE yes Yes"} {
		for word := range strings.FieldsSeq(words) {
			t.Setenv(name, word)
			if got, err := SwitchedOff(name); got != off || err != nil {
				t.Errorf("%q: off is %v, %v", word, got, err)
			}
		}
	}
	t.Setenv(name, "")
	if off, err := SwitchedOff(name); off || err != nil {
		t.Errorf("not set: off is %v, %v", off, err)
	}
	for _, word := range []string{"maybe", "2", "offf", " ", "n"} {
		t.Setenv(name, word)
		if off, err := SwitchedOff(name); off || err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: off is %v, %v", word, off, err)
		}
	}
}
