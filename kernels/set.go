package kernels

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/clprop/clprop/cl"
)

//go:embed *.cl
var sources embed.FS

// Set is the kernels of one device. Programs are compiled when a launcher first
// needs them and kept. It is for one goroutine at a time.
type Set struct {
	// Tuning may be changed while there are no Weights, Transposed or Panels, which are
	// laid out by it.
	Tuning Tuning
	// CachedOnly makes launchers fail that would compile a program, with ErrNotCached.
	CachedOnly bool
	// Allocate, if not nil, makes memory that launches need besides their operands, and says how to
	// release it.
	Allocate func(bytes int) (mem *cl.MemObject, release func(), err error)

	context *cl.Context
	device  *cl.Device
	// programs by file and macros, so that equal kernels are compiled once
	programs map[string]*built
	cache    *cache // nil if there is none
	local    int    // local size of one-dimensional launches
	amx      useAMX
	rooms    []room // of amx.go
}

// ErrNotCached is wrapped by the error of a launcher whose program is in no cache.
var ErrNotCached = errors.New("not compiled yet")

// NewSet returns the kernels of a device, shaped by a Tuning.
func NewSet(context *cl.Context, device *cl.Device, tuning Tuning) *Set {
	return &Set{
		Tuning:   tuning,
		context:  context,
		device:   device,
		programs: map[string]*built{},
		cache:    openCache(device),
		local:    max(1, min(64, device.MaxWorkGroupSize())),
		amx:      amxOf(device),
	}
}

// Device returns the device.
func (s *Set) Device() *cl.Device { return s.device }

// built is a program ready to use.
type built struct {
	*cl.Program
	key      cacheKey
	size     int  // bytes of its source
	compiled bool // and not loaded from the cache, nor kept there by the driver
	long     bool // it has many kernels
}

// Release frees the programs. Launches made from them stay valid: OpenCL counts
// references.
func (s *Set) Release() {
	for _, p := range s.programs {
		p.Release()
	}
	clear(s.programs)
	s.releaseRooms()
}

// macros are the -D definitions of one compilation.
type macros map[string]any

// options writes the macros in a fixed order, for the compiler and as a cache key.
// Denormals, NaN and rounding stay as the standard has them: no relaxed math.
func (m macros) options() string {
	var b strings.Builder
	b.WriteString("-cl-std=CL1.2")
	for _, name := range sortedKeys(m) {
		fmt.Fprintf(&b, " -D%s=%v", name, m[name])
	}
	return b.String()
}

// plainFiles hold the kernels that differ by Tuning only, with the optimiser that most take. They are one
// program, because half of the time that a small one takes to compile goes into the
// compiler's own header. Files that switch contraction off come last.
var plainFiles = []string{
	"peakempty.cl", "blank.cl", "gather.cl", "outputdelta.cl", "square.cl", "pack.cl", "activation.cl", "activate.cl", "penalty.cl",
	"gradient.cl", "sgd.cl", "adam.cl", "loss.cl", "tally.cl", "cost.cl",
}

// plain returns a new kernel object of the program of plainFiles.
func (s *Set) plain(name string) (*kernel, error) {
	return s.kernel(name, macros{"ROWS_PER_ITEM": s.Tuning.RowsPerItem, "CHUNK": s.Tuning.Chunk}, plainFiles...)
}

// half sets the macro of an operand that is halves; name is A_HALF, B_HALF or C_HALF.
func (m macros) half(name string, operand Matrix) {
	if operand.Half {
		m[name] = 1
	}
}

// rowMacros is mac for a kernel that reads a and writes out, each maybe halves.
func rowMacros(mac macros, a, out Matrix) macros {
	mac.half("A_HALF", a)
	mac.half("C_HALF", out)
	return mac
}

// kernel returns a new kernel object, building files (one after the other, one
// program) with the macros if that was not done before.
func (s *Set) kernel(name string, m macros, files ...string) (*kernel, error) {
	if _, given := m["VW"]; !given {
		m["VW"] = s.Tuning.VW
	}
	text := strings.Join(files, "+")
	s.reuse(text, m)
	k, err := s.object(name, text, m.options(), func() (string, error) { return join(files) })
	if err != nil {
		return nil, err
	}
	return &kernel{k, name, m, files}, nil
}

// reuse sets LAST of block.cl where a program with it was built and none without: whole panels it leaves as
// they are. So the few examples at the end of an epoch may do without a program of their own.
func (s *Set) reuse(text string, m macros) {
	if _, given := m["LAST"]; given || m["NV"] == nil || s.programs[text+" "+m.options()] != nil {
		return
	}
	with := maps.Clone(m)
	for last := 1; last < mostVectors; last++ {
		with["LAST"] = last
		if s.programs[text+" "+with.options()] != nil {
			m["LAST"] = last
			return
		}
	}
}

// object returns a new kernel object of a program, which text, with the options, tells apart from
// others. source is asked for where the program was not built before.
func (s *Set) object(name, text, options string, source func() (string, error)) (*cl.Kernel, error) {
	key := text + " " + options
	p := s.programs[key]
	if p == nil {
		written, err := source()
		if err == nil {
			p, err = s.program(name, written, options)
		}
		if err != nil {
			return nil, fmt.Errorf("kernel %s: %w", name, err)
		}
		s.programs[key] = p
	}
	k, err := p.CreateKernel(name)
	if err != nil {
		return nil, fmt.Errorf("kernel %s: %w", name, err)
	}
	return k, nil
}

// kernel is a kernel object, and what it was built from.
type kernel struct {
	*cl.Kernel
	name   string
	macros macros
	files  []string
}

// program loads the program of a source from the cache, or compiles it.
func (s *Set) program(name, source, options string) (p *built, err error) {
	p = &built{key: s.cache.key(source, options), size: len(source), long: name == joinedName}
	known := s.cache.read(p.key)
	if p.Program = s.load(known, name, options); p.Program != nil {
		return p, nil
	}
	inDriver := known != nil && len(known) == 0
	if s.CachedOnly && !inDriver {
		return nil, ErrNotCached
	}
	p.compiled = !inDriver
	p.Program, err = s.build(source, options)
	return p, err
}

// join returns the source of one program.
func join(files []string) (string, error) {
	var text strings.Builder
	for _, file := range append([]string{"common.cl"}, files...) {
		source, err := sources.ReadFile(file)
		if err != nil {
			return "", err
		}
		// #line keeps the compiler's messages on the lines of the file.
		fmt.Fprintf(&text, "#line 1 \"%s\"\n%s\n", file, source)
	}
	return text.String(), nil
}

func (s *Set) build(source, options string) (*cl.Program, error) {
	program, err := s.context.CreateProgramWithSource([]string{source})
	if err != nil {
		return nil, err
	}
	if err := program.BuildProgram(s.context.Devices(), options); err != nil {
		program.Release()
		return nil, err
	}
	return program, nil
}

// product returns the kernel of a matrix product of m × n over k, and its launch shape. Panels of weights that
// it reads or writes are nr wide: 0 for what amx.cl is not to do.
func (s *Set) product(name, act string, m, n, k, nr int, extra macros) (*Launch, error) {
	mac, err := activationMacro(act)
	if err != nil {
		return nil, err
	}
	for k, v := range extra {
		mac[k] = v
	}
	t := s.Tuning
	if s.onAMX(m, n, k, nr, mac) {
		return s.amxProduct(name, m, n, k, nr, mac)
	}
	if t.Family == Block {
		mr, nv := t.rows(m), t.vectors(n)
		mac["MR"], mac["NV"] = mr, nv
		t.setLast(mac, n, nv)
		built, err := s.kernel(name, mac, "block.cl", "activation.cl", name+".cl")
		if err != nil {
			return nil, err
		}
		return s.launch(name, built, []int{ceilDiv(m, mr), ceilDiv(n, nv*t.VW)}, []int{1, 1})
	}
	shape := t.tile(m, n)
	mac["TM"], mac["TN"], mac["TK"], mac["WM"], mac["WN"] = shape.TM, shape.TN, shape.TK, shape.WM, shape.WN
	built, err := s.kernel(name, mac, "tile.cl", "activation.cl", name+".cl")
	if err != nil {
		return nil, err
	}
	local := []int{shape.TN / shape.WN, shape.TM / shape.WM}
	return s.launch(name, built, []int{ceilDiv(n, shape.TN) * local[0], ceilDiv(m, shape.TM) * local[1]}, local)
}

// setLast sets LAST of block.cl as last says.
func (t Tuning) setLast(mac macros, n, nv int) {
	if last := t.last(n, nv); last > 0 {
		mac["LAST"] = last
	}
}

// byBlocks notes of a product whose rows are those of a that a block does some of them, and reads
// all of the weights.
func (s *Set) byBlocks(l *Launch, a Matrix, weights *cl.MemObject) {
	if s.Tuning.Family == Block && l.room == nil {
		l.rowBlock, l.product, l.anyRow = s.Tuning.rows(a.Rows), true, weights
	}
}

// activationNames are the activations that activation.cl has.
var activationNames = []string{
	"linear", "sigmoid", "tanh", "relu", "leaky-relu", "elu", "selu", "softplus",
	"gelu", "silu", "hard-sigmoid", "hard-swish",
}

// activationMacro selects g and g′ in activation.cl.
func activationMacro(act string) (macros, error) {
	if slices.Contains(activationNames, act) {
		return macros{"ACT_" + strings.ToUpper(strings.ReplaceAll(act, "-", "_")): 1}, nil
	}
	return nil, fmt.Errorf("no kernel for activation %q", act)
}

// needsZ reports whether g′ of an activation is written from z and not from a.
func needsZ(act string) bool { return act == "gelu" || act == "silu" || act == "hard-swish" }
