package main

// ranksJSON is who trained together.
type ranksJSON struct {
	Count    int    `json:"count"`
	Machines int    `json:"machines"`
	Library  string `json:"library"`
	Memory   string `json:"memory"` // shared, or own: each has one
	// SumSeconds is how long the sums of Δ took, WaitedSeconds how much of that rank 0
	// waited and did nothing else. On shared memory nothing is summed: both are how long rank 0
	// waited for others.
	SumSeconds    float64 `json:"sum_seconds"`
	WaitedSeconds float64 `json:"waited_seconds"`
}

// json is nil where one process trains.
func (j *joined) json() *ranksJSON {
	if j.count() < 2 || j.engine == nil {
		return nil
	}
	took, waited := j.engine.Summing()
	memory := "own"
	if j.sharesMemory() {
		memory = "shared"
	}
	return &ranksJSON{j.count(), j.machines, j.world.Library(), memory, took.Seconds(), waited.Seconds()}
}

// describeRanks says who trains together.
func (e *env) describeRanks() {
	j := e.joined
	if j.count() < 2 {
		return
	}
	memory := ""
	switch {
	case j.sharesMemory():
		memory = ", on one memory"
	case j.apart != "":
		memory = ", a memory each (" + j.apart + ")"
	}
	e.note("ranks   %d on %s, %s each%s; %s", j.count(), plural(j.machines, "machine"), plural(j.cores, "core"), memory, j.world.Library())
}
