package mpi

import (
	"os"
	"strconv"
)

// libraryVariable names the library, instead of what is sought for the launcher.
const libraryVariable = "CLPROP_MPI_LIBRARY"

// Launcher is the program that started this process as one of several ranks.
type Launcher struct {
	Name string // such as "Open MPI's mpirun"
	Size int    // ranks that it started
	Rank int    // of this process
	// libraries are those that can understand it, the likeliest first.
	libraries []string
}

// The names of libraries, by interface. libmpi_abi is the name that MPI-5 asks for.
var (
	openLibraries     = []string{"libmpi.so.40", "libmpi.so.80"}
	mpichLibraries    = []string{"libmpich.so.12", "libmpi.so.12"}
	standardLibraries = []string{"libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.so"}
)

// Launched reports which launcher started this process, by the variables that it sets.
// A library of another kind would not find the other ranks, and take each process for
// a world of its own, without any error.
func Launched() (Launcher, bool) {
	join := func(lists ...[]string) (all []string) {
		for _, list := range lists {
			all = append(all, list...)
		}
		return all
	}
	for _, l := range []struct {
		size, rank, name string
		libraries        []string
	}{
		{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "Open MPI's mpirun", join(openLibraries, standardLibraries)},
		{"PMI_SIZE", "PMI_RANK", "MPICH's mpiexec", join(mpichLibraries, standardLibraries)},
		// Of a step, not of the job: a batch script that no srun starts is no rank.
		{"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "srun", slurmLibraries(join)},
	} {
		if size, err := strconv.Atoi(os.Getenv(l.size)); err == nil && size > 0 {
			rank, _ := strconv.Atoi(os.Getenv(l.rank)) // 0 if there is none
			return Launcher{l.name, size, rank, l.libraries}, true
		}
	}
	return Launcher{}, false
}

// slurmLibraries goes by what srun offers: PMIx, which is Open MPI's way, or PMI-2.
func slurmLibraries(join func(...[]string) []string) []string {
	if os.Getenv("PMIX_RANK") != "" {
		return join(openLibraries, standardLibraries, mpichLibraries)
	}
	return join(mpichLibraries, standardLibraries, openLibraries)
}

// Alone is the launcher of a process that none started: a world of one rank.
func Alone() Launcher {
	var all []string
	for _, list := range [][]string{openLibraries, mpichLibraries, standardLibraries} {
		all = append(all, list...)
	}
	return Launcher{"no launcher", 1, 0, all}
}
