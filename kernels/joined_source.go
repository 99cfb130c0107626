package kernels

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/clprop/clprop/cl"
)

// joinedSource writes the kernels of the launches as functions, and the kernel that calls them, for
// up to so many steps.
func joinedSource(launches []*Launch, workers, steps int) (string, error) {
	var text, numbers, kept, parameters, phases strings.Builder
	for p, l := range launches {
		source, err := phaseSource(l.kernel, p)
		if err != nil {
			return "", err
		}
		text.WriteString(source)
		shape := l.shapeOf()
		fmt.Fprintf(&phases, "#define RUN_%d(at0, at1, at2) %s_%d(at0, at1, at2, %d, %d, %d", p, l.kernel.name, p, shape[0], shape[1], shape[2])
		for i, value := range l.values {
			name, kind := fmt.Sprintf("p%d_%d", p, i), parameterType(value)
			switch {
			case l.number(i) != nil:
				width := min(steps, perVector)
				fmt.Fprintf(&kept, "  %s %s_of[%d];\n", kind, name, steps)
				for vector := range steps / width {
					fmt.Fprintf(&numbers, ",\n    const %s%d %s_%d", kind, width, name, vector)
					fmt.Fprintf(&kept, "  vstore%d(%s_%d, %d, %s_of);\n", width, name, vector, vector, name)
				}
				fmt.Fprintf(&phases, ", %s_of[step]", name)
			case l.passed(i):
				fmt.Fprintf(&parameters, ",\n    %s %s", kind, name)
				fmt.Fprintf(&phases, ", %s", name)
			default:
				fmt.Fprintf(&phases, ", %d", value)
			}
		}
		fmt.Fprintf(&phases, ");\n")
	}
	order := inPhases(launches, workers)
	for number, p := range order {
		writePhase(&phases, number, p, launches)
	}
	rest, err := sources.ReadFile("joined.cl")
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&text, "%s\n__kernel void joined(__global int *S, const int workers, const int steps%s%s) {\n"+
		"  const int ranges = min(workers, RANGES), near = number(S + %d, workers) * ranges / workers;\n"+
		"  __global int *const lines = S;\n%s"+
		"  int going = 1;\n  for (int step = 0; step < steps; step++) {\n%s  }\n  leave(lines, %d * (ranges + 1), workers);\n}\n",
		rest, numbers.String(), parameters.String(), joinedLines, kept.String(), phases.String(), len(order))
	return text.String(), nil
}

// shapeOf is the global size in three dimensions.
func (l *Launch) shapeOf() [3]int {
	shape := [3]int{1, 1, 1}
	copy(shape[:], l.global)
	return shape
}

// parameterType is that of a kernel's argument. A pointer is converted where it is used.
func parameterType(value any) string {
	switch value.(type) {
	case *cl.MemObject:
		return "__global void *"
	case float32:
		return "float"
	}
	return "int"
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
