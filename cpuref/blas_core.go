package cpuref

import (
	"os"

	"golang.org/x/sys/cpu"
)

// coreVariable is how OpenBLAS is told which processor's kernels to take.
const coreVariable = "OPENBLAS_CORETYPE"

// openNamingCore opens a library with coreVariable set for as long as that takes, unless
// it is set already. OpenBLAS knows processors by their model number, and takes kernels
// for one of 2004 for those that are newer than itself: six times slower than the
// kernels that the instruction set allows. Other libraries do not look at it.
func openNamingCore(path string) (uintptr, error) {
	core := openBLASCore()
	if _, set := os.LookupEnv(coreVariable); set || core == "" {
		return openLibrary(path)
	}
	if os.Setenv(coreVariable, core) == nil { // else the library guesses, as without this
		defer os.Unsetenv(coreVariable)
	}
	return openLibrary(path)
}

// openBLASCore is OpenBLAS's name for the widest kernels that this processor runs, ""
// where that is not known.
func openBLASCore() string {
	x := &cpu.X86
	switch {
	case x.HasAVX512F && x.HasAVX512CD && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL:
		return "SKYLAKEX"
	case x.HasAVX2 && x.HasFMA:
		return "HASWELL"
	}
	return ""
}
