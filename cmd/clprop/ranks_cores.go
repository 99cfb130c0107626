package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// envPoCLThreads bounds the threads of PoCL, which otherwise takes a thread a core.
const envPoCLThreads = "POCL_MAX_PTHREAD_COUNT"

// shareCores gives this rank its share of the cores, before OpenCL is loaded: ranks that
// each use all cores wait for one another. A launcher that binds ranks to cores has shared
// them out already.
func (j *joined) shareCores(e *env) error {
	own, launcher := allowedCores("self"), allowedCores(strconv.Itoa(os.Getppid()))
	if own == 0 {
		own = runtime.NumCPU()
	}
	j.cores = own
	if j.peers < 2 {
		return nil
	}
	fair := max(1, max(own, launcher)/j.peers)
	j.crowded = j.peers > max(own, launcher)
	if launcher <= own { // not bound
		j.cores = fair
	}
	if j.cores < fair {
		e.note("warning: the launcher binds rank %d to %s of %d, of which %s may have %d each: start with --bind-to none",
			j.world.Rank(), plural(j.cores, "core"), launcher, plural(j.peers, "rank"), fair)
	}
	// One more, so that Go goes on while MPI waits.
	runtime.GOMAXPROCS(j.cores + 1)
	if os.Getenv(envPoCLThreads) == "" {
		return os.Setenv(envPoCLThreads, strconv.Itoa(j.cores))
	}
	return nil
}

// allowedCores is how many cores Linux lets a process use; 0 where that is not known.
func allowedCores(process string) int {
	text, err := os.ReadFile("/proc/" + process + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			return countList(strings.TrimSpace(list))
		}
	}
	return 0
}

// countList counts the numbers of a list such as 0-3,8; 0 if it is none.
func countList(list string) int {
	n := 0
	for part := range strings.SplitSeq(list, ",") {
		var from, to int
		if _, err := fmt.Sscanf(part, "%d-%d", &from, &to); err != nil {
			if from, err = strconv.Atoi(part); err != nil {
				return 0
			}
			to = from
		}
		n += to - from + 1
	}
	return n
}
