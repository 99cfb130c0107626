package kernels

import (
	"fmt"
	"os"
	"strings"
)

// EnvAMX is the environment variable that, switched off, keeps products from the unit for matrices
// of an Intel processor.
const EnvAMX = "CLPROP_AMX"

// SwitchedOff reads a variable of the environment that is a switch, such as EnvCache and EnvAMX. The
// words off, 0, false and no switch off, in capitals or not; on, 1, true, yes and none at all do
// not. Any other word does not either, and is an error that names the variable: whoever opens a
// device says so, and what only reads the switch takes it for on.
func SwitchedOff(name string) (bool, error) {
	word := os.Getenv(name)
	switch strings.ToLower(word) {
	case "off", "0", "false", "no":
		return true, nil
	case "", "on", "1", "true", "yes":
		return false, nil
	}
	return false, fmt.Errorf("%s is %q: need on or off", name, word)
}
