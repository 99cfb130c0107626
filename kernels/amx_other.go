//go:build !(linux && amd64)

package kernels

// amxPermitted reports whether the process may use AMX: only Linux is asked, see amx_linux_amd64.go.
func amxPermitted() bool { return false }
