// Package mpi joins processes, its ranks, that mpirun, mpiexec or srun started: it
// sums vectors over them. It is device.Communicator for package device.
//
//	if launcher, ok := mpi.Launched(); ok {
//		world, err := mpi.Start(launcher)
//		...
//		wait := world.Sum(delta) // begins Δ := Σ over ranks of Δ
//		_, err = wait()
//		err = world.Close()
//	}
//
// The library is loaded with dlopen by Start, and never linked: a binary built with
// CGO_ENABLED=0 runs without MPI, and the same binary runs on each of the three
// binary interfaces that there are, see abi.go: Open MPI's, MPICH's, which those of
// Intel, Cray and MVAPICH have too, and the one that MPI-5 standardizes.
//
// # One thread
//
// MPI is asked for MPI_THREAD_FUNNELED: the thread that starts it makes all calls.
// That is a goroutine with a locked OS thread, which takes calls from a queue. A sum
// is begun without waiting for it, so that the caller computes meanwhile; those begun
// by a rank are done in their order, which must be the same on all ranks.
//
// # Memory in common
//
// Ranks of one machine can have memory in common, see [World.Share], and meet while they work on
// it, see [World.Together].
//
// # Errors
//
// Errors of MPI are *Error, with the text of MPI_Error_string. A rank that ends
// without Close makes the launcher end all others: there is no going on without it.
//
// # What may not live here
//
// Anything about networks, devices or batches.
package mpi
