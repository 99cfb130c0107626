package kernels

import (
	"sync"

	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"
)

// What to ask of Linux before a process may use the tiles of AMX: linux/arch/x86/include/uapi/asm/prctl.h.
const (
	archRequestPermission = 0x1023
	tileData              = 18
)

// amxPermitted asks for the use of AMX, for all threads of the process, where the processor has it.
var amxPermitted = sync.OnceValue(func() bool {
	if !cpu.X86.HasAMXTile || !cpu.X86.HasAMXBF16 {
		return false
	}
	_, _, errno := unix.RawSyscall(unix.SYS_ARCH_PRCTL, archRequestPermission, tileData, 0)
	return errno == 0
})
