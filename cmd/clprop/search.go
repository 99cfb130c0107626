package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/clprop/clprop/trainer/durable"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const searchLong = `Search looks for flags of train that give a good network: it trains with flags drawn
at random from a space, and says which did best on the validation set. The test set
has no part in it.

The space is given by --vary, a flag at a time, or by a YAML file of lines NAME: VALUES.
VALUES are LOW..HIGH, log:LOW..HIGH for what is even in the logarithm, or a few
values with | between. All other flags are those of train.

With --eta 3, all trials get a ninth of the epochs, say; the best third of them a
third, and the best third of those all of --budget (successive halving). --eta 1
gives the whole budget to all (random search).

Each trial is a run in the folder of --run. A search that was stopped goes on with
--resume. The same seed draws the same trials.`

const searchExample = `  clprop search --run found --vary lr=log:1e-3..1 --vary 'hidden=64|128|128,64' --trials 9
  clprop search --run found --space space.yaml --data iris.csv --trials 27 --budget 60
  clprop search --resume found`

// Names of files in the folder of a search, and in that of a trial.
const (
	searchFile   = "search.json"
	searchPlot   = "search.svg"
	searchResult = "result.json"
)

// searchFlags are the flags of search, beside those of train.
type searchFlags struct {
	Plan   searchPlan
	vary   []string
	space  string
	folder string
	resume string
	quiet  bool
	json   bool
}

// searchPlan is what a search does: the file search.json of its folder.
type searchPlan struct {
	Schema int               `json:"schema"`
	Trials int               `json:"trials"`
	Budget int               `json:"budget"`
	Eta    int               `json:"eta"`
	Seed   uint64            `json:"seed"`
	Score  string            `json:"score"`
	Space  map[string]string `json:"space"`
	Fixed  map[string]string `json:"flags"` // of train, the same for all trials
}

// notSearched are the flags of train that search has another use for.
var notSearched = []string{"run", "resume", "epochs", "out", "profile", "json", "quiet", "progress",
	"checkpoint-every", "keep", "test-data", "verify-every", "tensorboard", "serve", "mpi", "rank-memory", "compress", "shares", "parallel", "on-device-loss"}

func newSearchCommand(e *env) *cobra.Command {
	var f searchFlags
	cmd := &cobra.Command{Use: "search", Short: "Look for flags that give a good network", Long: searchLong, Example: searchExample, Args: noArguments}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&f.vary, "vary", nil, "flag of train to vary, and what it may be: `NAME=VALUES`; may be given several times")
	flags.StringVar(&f.space, "space", "", "YAML `FILE` of such flags, a line NAME: VALUES each")
	flags.IntVar(&f.Plan.Trials, "trials", 20, "settings to try")
	flags.IntVar(&f.Plan.Budget, "budget", 20, "`EPOCHS` that the last trials are trained for")
	flags.IntVar(&f.Plan.Eta, "eta", 3, "in each round 1/`N` of the trials go on, with N times the epochs; 1 for one round of all")
	flags.StringVar(&f.Plan.Score, "score", "auto", "what is compared: val_accuracy, val_loss, or auto: accuracy, and loss for quantities")
	flags.StringVar(&f.folder, "run", "", "`FOLDER` for the runs of the trials and what came of them")
	flags.StringVar(&f.resume, "resume", "", "go on with the search in `FOLDER`, with its flags")
	flags.BoolVar(&f.quiet, "quiet", false, "print warnings and errors only, and the result of --json")
	flags.BoolVar(&f.json, "json", false, "print the result as a JSON object")
	newTrainCommand(e).Flags().VisitAll(func(g *pflag.Flag) {
		if !slices.Contains(notSearched, g.Name) {
			flags.AddFlag(g)
		}
	})
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s, err := e.planned(cmd, &f)
		if err != nil {
			return err
		}
		release, err := durable.Hold(s.folder)
		if err != nil {
			return fmt.Errorf("search: %w", err)
		}
		defer release()
		return e.search(cmd.Context(), s)
	}
	return cmd
}

// search is one that is planned.
type search struct {
	searchPlan
	folder   string
	settings []map[string]string // of each trial
	quiet    bool
	json     bool
}

// planned checks the flags and makes the folder, or reads what is there.
func (e *env) planned(cmd *cobra.Command, f *searchFlags) (*search, error) {
	s := &search{searchPlan: f.Plan, folder: f.folder, quiet: f.quiet, json: f.json}
	if f.resume != "" {
		if err := s.load(cmd, f.resume); err != nil {
			return nil, err
		}
	} else if err := s.plan(cmd, f); err != nil {
		return nil, err
	}
	train := newTrainCommand(e)
	var texts []string
	for name, values := range s.Space {
		texts = append(texts, name+"="+values)
	}
	list, _, err := parseSpace(texts, nil, lookUp(train))
	if err != nil {
		return nil, usage(cmd, "%w", err)
	}
	s.settings = list.draw(s.Trials, s.Seed)
	if len(s.settings) < s.Trials {
		e.note("the space has %d settings, and --trials is %d: trying each once", len(s.settings), s.Trials)
	}
	for i := range s.settings {
		if err := s.try(cmd.Context(), i); err != nil {
			return nil, usage(cmd, "trial %d, %s: %w", i+1, commandLine(s.settings[i]), err)
		}
	}
	if f.resume != "" {
		return s, nil
	}
	return s, s.create(cmd)
}

// lookUp finds the flags that may be varied.
func lookUp(train *cobra.Command) func(string) *pflag.Flag {
	return func(name string) *pflag.Flag {
		if slices.Contains(notSearched, name) || slices.Contains([]string{"config", "device", "help"}, name) {
			return nil
		}
		return train.Flags().Lookup(name)
	}
}

// plan takes the flags of a new search.
func (s *search) plan(cmd *cobra.Command, f *searchFlags) error {
	if cmd.Flags().Changed("resume") {
		return usage(cmd, "--resume is empty: name the folder of a search")
	}
	if f.folder == "" {
		return usage(cmd, "a search needs a folder for its trials: give --run FOLDER")
	}
	if err := s.checkSizes(); err != nil {
		return usage(cmd, "%w", err)
	}
	if err := oneOf(cmd, "score", s.Score, []string{"auto", "val_accuracy", "val_loss"}); err != nil {
		return err
	}
	var lines []setting
	if f.space != "" {
		var err error
		if lines, err = readSettings(cmd, "space", f.space); err != nil {
			return err
		}
	}
	list, texts, err := parseSpace(f.vary, lines, lookUp(cmd))
	if err != nil {
		return usage(cmd, "%w", err)
	}
	if len(list) == 0 {
		return usage(cmd, "nothing to vary: give --vary, such as --vary lr=log:1e-3..1, or a file of --space")
	}
	s.Schema, s.Space, s.Fixed = schemaVersion, texts, map[string]string{}
	train := newTrainCommand(&env{})
	cmd.Flags().Visit(func(g *pflag.Flag) {
		if slices.Contains(notSearched, g.Name) || train.Flags().Lookup(g.Name) == nil {
			return
		}
		value := g.Value.String()
		if slices.Contains(append(paths, "config"), g.Name) && value != "" {
			if whole, failed := filepath.Abs(value); failed == nil {
				value = whole
			}
		}
		if _, varied := texts[g.Name]; varied {
			err = usage(cmd, "--%s is given, and to be varied: leave one out", g.Name)
		}
		s.Fixed[g.Name] = value
	})
	given := func(name string) string { return cmd.Flags().Lookup(name).Value.String() }
	if err == nil && (given("data") == "-" || given("images") == "-") {
		err = usage(cmd, "a search reads its data again for each trial: standard input is there once: name a file")
	}
	s.Seed, _ = strconv.ParseUint(given("seed"), 10, 64)
	return err
}

// create makes the folder of a new search.
func (s *search) create(cmd *cobra.Command) error {
	path := filepath.Join(s.folder, searchFile)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return usage(cmd, "--run %s holds a search already: go on with it by --resume %s, or name another folder", s.folder, s.folder)
	}
	if err := os.MkdirAll(s.folder, 0o777); err != nil {
		return fmt.Errorf("--run: %w", err)
	}
	return writeJSON(path, s.searchPlan)
}

// load reads the plan of the search that goes on.
func (s *search) load(cmd *cobra.Command, folder string) (err error) {
	cmd.Flags().Visit(func(g *pflag.Flag) {
		if !slices.Contains([]string{"resume", "json", "quiet"}, g.Name) {
			err = usage(cmd, "--%s and --resume are both given: a search goes on with the flags it has", g.Name)
		}
	})
	if err != nil {
		return err
	}
	s.folder = folder
	s.searchPlan = searchPlan{}
	err = readJSON(filepath.Join(folder, searchFile), &s.searchPlan)
	if err == nil && (s.Schema != schemaVersion || len(s.Space) == 0) {
		err = fmt.Errorf("%s: not the plan of a search, or one of a newer clprop", filepath.Join(folder, searchFile))
	}
	if err == nil {
		if bad := s.checkSizes(); bad != nil {
			err = fmt.Errorf("%s: not the plan of a search: %w", filepath.Join(folder, searchFile), bad)
		}
	}
	if err != nil {
		return badFile(fmt.Errorf("--resume: %w", err))
	}
	return nil
}

// maxJSON bounds the files of a search, which may come from anyone.
const maxJSON = 16 << 20

// errJSON: a file of a search is not as it was written.
var errJSON = errors.New("not a file of a search")

// readJSON reads what writeJSON wrote. The error names path; it wraps errJSON if the content is
// at fault.
func readJSON(path string, v any) error {
	file, _, err := durable.Open(path, errors.New("not a file"))
	if err != nil {
		return err
	}
	defer file.Close() // read only: nothing can be lost
	text, err := io.ReadAll(io.LimitReader(file, maxJSON+1))
	if err != nil {
		return err
	}
	if len(text) > maxJSON {
		return fmt.Errorf("%s: %w: more than %d bytes", path, errJSON, maxJSON)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w: %w", path, errJSON, err)
	}
	return nil
}

// writeJSON writes v to path, whole or not at all.
func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return durable.WriteFile(path, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}
