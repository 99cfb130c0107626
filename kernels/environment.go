package kernels

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The environment variables of the program cache.
const (
	// EnvCache, switched off, means that no program is read from disk or written to it.
	EnvCache = "CLPROP_CACHE"
	// EnvCacheDir names the folder to use instead of clprop in the user's cache folder;
	// programs lie in its sub-folder programs, what a tuner found in tuning.
	EnvCacheDir = "CLPROP_CACHE_DIR"
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

// CacheFolder is the folder for what may be lost, of which the environment variables
// above decide; "" if nothing is to be kept, or there is no place for it.
func CacheFolder() string {
	if off, _ := SwitchedOff(EnvCache); off {
		return ""
	}
	if dir := os.Getenv(EnvCacheDir); dir != "" {
		return dir
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(user, "clprop")
}

// ProgramFolder is the folder for compiled programs; "" if none are kept.
func ProgramFolder() string {
	if dir := CacheFolder(); dir != "" {
		return filepath.Join(dir, "programs")
	}
	return ""
}
