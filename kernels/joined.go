package kernels

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/clprop/clprop/cl"
)

// JoinedFloats is how many floats the state of joined.cl has for so many workers: enough for every
// Joinable, whose launches have a buffer each at least.
func JoinedFloats(workers int) int {
	const place, ranges = 16, 8 // see joined.cl
	return roundUp(workers, place) + place*(maxArguments/8*(ranges+1)+1)
}

// maxArguments is how many bytes the arguments of a kernel may have on every device.
const maxArguments = 1024

// joinedFirst is how many arguments joined.cl has of its own.
const joinedFirst = 2

// Joinable is how many launches, from the first, can be one: their arguments must not be
// more than every device takes. It is 0 where no two can.
func (s *Set) Joinable(launches []*Launch) int {
	if s.Tuning.Family != Block {
		return 0
	}
	bytes := 8 * joinedFirst
	for i, l := range launches {
		for _, value := range l.values {
			if _, ok := value.(*cl.MemObject); ok {
				bytes = roundUp(bytes, 8) + 8
			} else {
				bytes += 4
			}
		}
		if bytes > maxArguments {
			return i
		}
	}
	return len(launches)
}

// Joined makes one launch of several that come one after the other, with the same bits. As many
// workers do it, of which each should have a core. state has JoinedFloats of 0, and is for one
// launch at a time. From now on what sets an argument of one of the launches sets it in the
// joined one, with whose Release they are released; until then it has the value from when the
// launch was made. After an error they are what they were: it is for CPUs, and their compilers
// may say no. See joined.cl.
func (s *Set) Joined(launches []*Launch, workers int, state *cl.MemObject) (*Launch, error) {
	err := fits("joined", len(launches) > 0 && len(launches) == s.Joinable(launches) && workers > 0, "%d launches for %d workers", len(launches), workers)
	if err != nil {
		return nil, err
	}
	if err := rooms("joined", operandBuffer{"state", state, JoinedFloats(workers)}); err != nil {
		return nil, err
	}
	k, err := s.joinedKernel(launches)
	if err != nil {
		return nil, err
	}
	l, err := s.launch("joined", k, []int{workers}, []int{1})
	if err != nil {
		return nil, err
	}
	values := []any{state, workers}
	for _, part := range launches {
		values = append(values, part.values...)
		l.FLOPs += part.FLOPs
		l.Bytes += part.Bytes
	}
	if l, err = l.args(values...); err != nil {
		return nil, err
	}
	l.Size = fmt.Sprintf("%d launches", len(launches))
	first := joinedFirst
	for _, part := range launches {
		part.kernel.Release()
		part.kernel, part.first = l.kernel, first
		first += len(part.values)
	}
	return l, nil
}

// JoinedIsBuilt reports whether Joined of the launches would find its program in the cache.
func (s *Set) JoinedIsBuilt(launches []*Launch) bool {
	if s.cache == nil { // nothing is written for it then
		return false
	}
	source, err := joinedSource(launches)
	return err == nil && s.cache.has(s.cache.key(source, s.options(macros{})))
}

func (s *Set) joinedKernel(launches []*Launch) (*kernel, error) {
	source, err := joinedSource(launches)
	if err != nil {
		return nil, fmt.Errorf("kernel joined: %w", err)
	}
	k, err := s.object("joined", source, s.options(macros{}), func() (string, error) { return source, nil })
	if err != nil {
		return nil, err
	}
	return &kernel{Kernel: k, name: "joined"}, nil
}

// joinedSource writes the kernels of the launches as functions, and the kernel that calls them.
func joinedSource(launches []*Launch) (string, error) {
	var text, parameters, phases strings.Builder
	for p, l := range launches {
		source, err := phaseSource(l.kernel, p)
		if err != nil {
			return "", err
		}
		text.WriteString(source)
		shape := [3]int{1, 1, 1}
		copy(shape[:], l.global)
		size := fmt.Sprintf("%d, %d, %d", shape[0], shape[1], shape[2])
		fmt.Fprintf(&phases, "#define RUN_%d(at0, at1, at2) %s_%d(at0, at1, at2, %s", p, l.kernel.name, p, size)
		for i, value := range l.values {
			fmt.Fprintf(&parameters, ",\n    %s p%d_%d", parameterType(value), p, i)
			fmt.Fprintf(&phases, ", p%d_%d", p, i)
		}
		fmt.Fprintf(&phases, ");\n  PHASE(%d, %s, RUN_%d)\n", p, size, p)
	}
	rest, err := sources.ReadFile("joined.cl")
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&text, "%s\n__kernel void joined(__global int *S, const int workers%s) {\n"+
		"  const int ranges = min(workers, RANGES), near = number(S, workers) * ranges / workers;\n"+
		"  __global int *const lines = S + (workers + PLACE - 1) / PLACE * PLACE;\n  int going = 1;\n%s  leave(lines, %d * (ranges + 1), workers);\n}\n",
		rest, parameters.String(), phases.String(), len(launches))
	return text.String(), nil
}

// parameterType is that of a kernel's argument. A pointer is converted where it is used.
func parameterType(value any) string {
	switch value.(type) {
	case *cl.MemObject:
		return "__global void *"
	case float32:
		return "const float"
	}
	return "const int"
}

var (
	kernelHead   = regexp.MustCompile(`(?m)^__kernel\s+void\s+(\w+)\s*\(`)
	functionName = regexp.MustCompile(`(?m)^(?:__kernel|inline)\s[\w *]*?(\w+)\(`)
	typeName     = regexp.MustCompile(`(?m)^typedef\s.*?(\w+);`)
	macroName    = regexp.MustCompile(`(?m)^\s*#\s*define\s+(\w+)`)
)

// phaseHead begins the function that was a kernel: it is told its work-item.
const phaseHead = "inline void $1(const int at0_, const int at1_, const int at2_, const int size0_, const int size1_, const int size2_, "

// phaseSource is the source of a kernel, and of what is in its files, as functions. Each has a
// name of its own, and its macros end with it.
func phaseSource(k *kernel, phase int) (string, error) {
	source, err := join(k.files)
	if err != nil {
		return "", err
	}
	var begin, end strings.Builder
	define := func(name, value string) {
		fmt.Fprintf(&begin, "#define %s %s\n", name, value)
		fmt.Fprintf(&end, "#undef %s\n", name)
	}
	for _, name := range sortedKeys(k.macros) {
		define(name, fmt.Sprint(k.macros[name]))
	}
	named := map[string]bool{}
	for _, kind := range []*regexp.Regexp{functionName, typeName} {
		for _, m := range kind.FindAllStringSubmatch(source, -1) {
			if name := m[1]; !named[name] {
				named[name] = true
				define(name, fmt.Sprintf("%s_%d", name, phase))
			}
		}
	}
	for _, m := range macroName.FindAllStringSubmatch(source, -1) {
		fmt.Fprintf(&end, "#undef %s\n", m[1])
	}
	// As a program begins: files may switch contraction off.
	return "#pragma OPENCL FP_CONTRACT ON\n" + begin.String() +
		"#define get_global_id(d) ((d) == 0 ? at0_ : (d) == 1 ? at1_ : at2_)\n" +
		"#define get_global_size(d) ((d) == 0 ? size0_ : (d) == 1 ? size1_ : size2_)\n" +
		kernelHead.ReplaceAllString(source, phaseHead) + "\n" + end.String() + "#undef get_global_id\n#undef get_global_size\n", nil
}
