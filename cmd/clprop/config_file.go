package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/clprop/clprop/device"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// maxConfigSize bounds a file of flags, which has some hundred lines.
const maxConfigSize = 1 << 20

// origins says of each flag that is not as by default where its value is from.
type origins map[string]string

// setting is a line of a file of flags.
type setting struct {
	name, value string
	line        int
}

// configurable reports whether a flag may stand in a file or in the environment: those
// that say which file or run it is may not.
func configurable(f *pflag.Flag) bool {
	return !slices.Contains([]string{"config", "help", "resume", "origin", "mpi"}, f.Name)
}

// envName is the variable of a flag, such as CLPROP_BATCH_SIZE.
func envName(flag string) string {
	return "CLPROP_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// configure sets the flags that the command line does not: from the environment, and
// what is not there from the file of --config.
func configure(cmd *cobra.Command, path string) (origins, error) {
	from := origins{}
	var failed error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			from[f.Name] = "flag"
			return
		}
		value, ok := os.LookupEnv(envName(f.Name))
		if !ok || value == "" || !configurable(f) || failed != nil {
			return
		}
		from[f.Name] = "$" + envName(f.Name)
		if f.Name == "device" {
			return // package device looks at it, in a run that is resumed too
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			failed = usage(cmd, "%s is %q: %w", envName(f.Name), value, unwrapSyntax(err))
		}
	})
	if failed != nil || path == "" {
		if failed == nil && cmd.Flags().Changed("config") {
			failed = usage(cmd, "--config is empty: name a file")
		}
		return from, failed
	}
	settings, err := readConfig(cmd, path)
	if err != nil {
		return from, err
	}
	for _, s := range settings {
		if from[s.name] != "" {
			continue
		}
		from[s.name] = fmt.Sprintf("%s:%d", path, s.line)
		if err := cmd.Flags().Set(s.name, s.value); err != nil {
			return from, usage(cmd, "%s:%d: %s is %q: %w", path, s.line, s.name, s.value, unwrapSyntax(err))
		}
	}
	return from, nil
}

// unwrapSyntax is what is wrong with a value, without the function that could not read it
// or the flag that it was for.
func unwrapSyntax(err error) error {
	var number *strconv.NumError
	if errors.As(err, &number) {
		return number.Err
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return invalid.Unwrap()
	}
	return err
}

// readConfig reads a file of flags, see parseConfig, of which cmd has each.
func readConfig(cmd *cobra.Command, path string) ([]setting, error) {
	settings, err := readSettings(cmd, "config", path)
	if err != nil {
		return nil, err
	}
	for _, s := range settings {
		if f := cmd.Flags().Lookup(s.name); f == nil || !configurable(f) {
			hint := ""
			if near := nearest(s.name, configurableNames(cmd)); near != "" {
				hint = fmt.Sprintf(": did you mean %s?", near)
			}
			return nil, usage(cmd, "%s:%d: unknown key %q%s", path, s.line, s.name, hint)
		}
	}
	return settings, nil
}

// readSettings reads the file that a flag names, see parseConfig, whatever its names are.
func readSettings(cmd *cobra.Command, flag, path string) ([]setting, error) {
	text, err := whileWanted(cmd.Context(), func() ([]byte, error) {
		file, err := os.Open(path)
		if err != nil {
			return nil, usage(cmd, "--%s: %w", flag, err)
		}
		defer file.Close()
		text, err := io.ReadAll(io.LimitReader(file, maxConfigSize+1))
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", flag, err)
		}
		return text, nil
	})
	if err != nil {
		return nil, err
	}
	if len(text) > maxConfigSize {
		return nil, usage(cmd, "--%s %s: more than %d bytes are no file of flags", flag, path, maxConfigSize)
	}
	settings, at, err := parseConfig(text)
	if err != nil {
		return nil, usage(cmd, "%s:%d: %w", path, at, err)
	}
	return settings, nil
}

func configurableNames(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if configurable(f) {
			names = append(names, f.Name)
		}
	})
	return names
}

// nearest is the name that is fewest edits away, if they are at most a third of it.
func nearest(name string, names []string) string {
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	best, least := "", 1+max(1, len(name)/3)
	for _, n := range names {
		if d := editDistance(name, n); d < least {
			best, least = n, d
		}
	}
	return best
}

// editDistance counts the characters to put in, take out or replace: V. I. Levenshtein,
// "Binary codes capable of correcting deletions, insertions and reversals" (1966), by
// the recurrence of R. A. Wagner and M. J. Fischer (1974).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// asUsed is the file of flags of a run: what was given, and as comments what was not.
// from may be nil.
func asUsed(cmd *cobra.Command, from origins, given map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# clprop %s; train --config THIS-FILE takes it\n", currentVersion().Version)
	var rest strings.Builder
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !configurable(f) || slices.Contains(unsaved, f.Name) {
			return
		}
		value := f.Value.String()
		if f.Name == "device" && value == "" {
			value = os.Getenv(device.EnvDevice)
		}
		if set, ok := given[f.Name]; ok {
			fmt.Fprintf(&b, "%s: %s%s\n", f.Name, quoted(set), comment(from[f.Name]))
		} else {
			fmt.Fprintf(&rest, "# %s: %s%s\n", f.Name, quoted(value), comment(from[f.Name]))
		}
	})
	return b.String() + "\n# as by default, or as follows from the above\n" + rest.String()
}

func comment(text string) string {
	if text == "" {
		return ""
	}
	return "  # " + oneLine(text)
}

// quoted is a value in YAML: as it is where nothing can be taken wrong, else between
// double quotes, whose escapes are those of Go for all that strconv.Quote writes.
func quoted(value string) string {
	plain := value != "" && value != "null" && value[0] != '-' && value[0] != '.'
	for _, r := range value {
		plain = plain && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/", r))
	}
	if plain || value != "" && isNumber(value) {
		return value
	}
	return strconv.Quote(value)
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil && strings.Trim(text, "0123456789.eE+-") == ""
}
