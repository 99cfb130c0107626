package device

import "fmt"

// BuildKernels compiles every kernel of an engine's family, which otherwise happens when
// one is first needed, and returns their names in order. The error is that of every kernel
// that does not compile, with the compiler's log, or
// the cause of Options.Context, if that ended. The CPU reference has none.
func BuildKernels(e Engine) ([]string, error) {
	o, ok := e.(*opencl)
	if !ok {
		return nil, nil
	}
	if err := o.ready("build kernels"); err != nil {
		return nil, err
	}
	built, err := o.set.BuildAll(o.wanted)
	if err != nil {
		return built, fmt.Errorf("%s: %w", o.info.Name, err)
	}
	return built, nil
}
