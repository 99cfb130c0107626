package kernels

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/clprop/clprop/cl"
)

// joinedProgram is the program of joined launches, for up to so many steps, while it is written.
type joinedProgram struct {
	launches []*Launch
	byNumber numbered
	steps    int

	functions  strings.Builder // the kernels of the launches
	numbers    strings.Builder // parameters that change from step to step,
	kept       strings.Builder // and where they are kept
	parameters strings.Builder // the others
	calls      strings.Builder // RUN_p, which does a work-item of launch p, and the phases
}

// joinedSource writes the kernels of the launches as functions, and the kernel that calls them, for
// up to so many steps.
func joinedSource(launches []*Launch, workers, steps int) (string, error) {
	to := &joinedProgram{launches: launches, byNumber: rowsByNumber(launches), steps: steps}
	for p := range launches {
		if err := to.writeLaunch(p); err != nil {
			return "", err
		}
	}
	phases := inPhases(launches, workers)
	for number, p := range phases {
		writePhase(&to.calls, number, p, launches)
	}
	lines := len(phases)
	var last strings.Builder
	for _, g := range to.byNumber.gathers() {
		writePhase(&last, lines, phase{chain{g}}, launches)
		lines++
	}
	rest, err := sources.ReadFile("joined.cl")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s%s\n__kernel void joined(__global int *S, const int workers, const int steps%s%s) {\n"+
		"  const int ranges = min(%d, RANGES), near = number(S + %d, workers) * ranges / workers;\n"+
		"  __global int *const lines = S;\n%s"+
		"  int going = 1;\n  for (int step = 0; step < steps; step++) {\n%s  }\n  const int step = 0;\n%s"+
		"  leave(lines, %d * (ranges + 1), workers);\n}\n",
		to.functions.String(), rest, to.numbers.String(), to.parameters.String(), workers, joinedLines, to.kept.String(),
		to.calls.String(), last.String(), lines), nil
}

// writeLaunch writes the function of launch p, and the call of it.
func (to *joinedProgram) writeLaunch(p int) error {
	l := to.launches[p]
	gather, byNumber := to.byNumber[p]
	source, err := phaseSource(l.kernel, p, byNumber)
	if err != nil {
		return err
	}
	to.functions.WriteString(source)
	shape := l.shapeOf()
	fmt.Fprintf(&to.calls, "#define RUN_%d(at0, at1, at2) %s_%d(at0, at1, at2, %d, %d, %d", p, l.kernel.name, p, shape[0], shape[1], shape[2])
	if byNumber {
		fmt.Fprintf(&to.calls, ", %s, %s_of[step]", argument(gather, gatherIndex), argument(gather, gatherFrom))
	}
	for i := range l.values {
		to.writeArgument(p, i)
	}
	fmt.Fprintf(&to.calls, ");\n")
	return nil
}

// argument names argument i of launch p.
func argument(p, i int) string { return fmt.Sprintf("p%d_%d", p, i) }

// writeArgument writes argument i of the call of launch p, and the parameters that it is.
func (to *joinedProgram) writeArgument(p, i int) {
	l, name := to.launches[p], argument(p, i)
	kind := parameterType(l.values[i])
	gather, byNumber := to.byNumber[p]
	switch {
	case l.number(i) != nil:
		width := min(to.steps, perVector)
		fmt.Fprintf(&to.kept, "  %s %s_of[%d];\n", kind, name, to.steps)
		for vector := range to.steps / width {
			fmt.Fprintf(&to.numbers, ",\n    const %s%d %s_%d", kind, width, name, vector)
			fmt.Fprintf(&to.kept, "  vstore%d(%s_%d, %d, %s_of);\n", width, name, vector, vector, name)
		}
		step := "step"
		if slices.Contains(to.byNumber.gathers(), p) {
			step = "steps - 1"
		}
		fmt.Fprintf(&to.calls, ", %s_of[%s]", name, step)
	case l.passed(i):
		fmt.Fprintf(&to.parameters, ",\n    %s %s", kind, name)
		if byNumber && i == l.byNumber {
			name = argument(gather, gatherRows)
		}
		fmt.Fprintf(&to.calls, ", %s", name)
	default:
		fmt.Fprintf(&to.calls, ", %d", l.values[i])
	}
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

// phaseHead begins the function that was a kernel: it is told its work-item, and numbersHead the numbers of the rows
// that it reads.
const (
	phaseHead   = "inline void $1(const int at0_, const int at1_, const int at2_, const int size0_, const int size1_, const int size2_, "
	numbersHead = "__global const int *index_, const int from_, "
)

// phaseSource is the source of a kernel, and of what is in its files, as functions. Each has a
// name of its own, and its macros end with it.
func phaseSource(k *kernel, phase int, byNumber bool) (string, error) {
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
	head := phaseHead
	if byNumber {
		define("NUMBERS", "(index_ + from_)")
		head += numbersHead
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
		kernelHead.ReplaceAllString(source, head) + "\n" + end.String() + "#undef get_global_id\n#undef get_global_size\n", nil
}
