package cl

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// Program is source or machine code, built for devices of a context.
type Program struct {
	object
	ctx *Context
}

const (
	programDevices     = 0x1163
	programBinarySizes = 0x1165
	programBinaries    = 0x1166
	programBuildStatus = 0x1181
	programBuildLog    = 0x1183
)

// CreateProgramWithSource makes a program of OpenCL C. The sources are joined
// as they stand.
func (c *Context) CreateProgramWithSource(sources []string) (*Program, error) {
	e := &clCreateProgramWithSource
	h, err := c.use(e)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(c)
	source, ok := cstring(strings.Join(sources, ""))
	if !ok || len(source) == 1 {
		return nil, detail(e.fail(invalidValue), "the source is empty or contains a NUL")
	}
	text := &source[0]
	var code Code
	program, err := create(e, &code, h, 1, uintptr(unsafe.Pointer(&text)), 0, uintptr(unsafe.Pointer(&code)))
	if err != nil {
		return nil, err
	}
	return newProgram(c, program), nil
}

// CreateProgramWithBinary makes a program of what Binaries returned, one
// binary for each device. It must be built like any other. A binary of another
// device or driver gives an error here or when it is built. Some drivers end the
// process when given nonsense, so check a file's sum before.
func (c *Context) CreateProgramWithBinary(devices []*Device, binaries [][]byte) (*Program, error) {
	e := &clCreateProgramWithBinary
	h, err := c.use(e)
	if err != nil {
		return nil, err
	}
	ids, err := deviceHandles(e, devices)
	if err != nil {
		return nil, err
	}
	if len(binaries) != len(devices) {
		return nil, detail(e.fail(invalidValue), "%d binaries for %d devices", len(binaries), len(devices))
	}
	defer runtime.KeepAlive(c)
	defer runtime.KeepAlive(devices)
	var pin runtime.Pinner
	defer pin.Unpin()
	sizes := make([]uintptr, len(binaries))
	pointers := make([]*byte, len(binaries))
	for i, b := range binaries {
		if len(b) == 0 {
			return nil, detail(e.fail(invalidBinary), "the binary of device %d is empty", i)
		}
		pin.Pin(&b[0])
		sizes[i], pointers[i] = uintptr(len(b)), &b[0]
	}
	status := make([]Code, len(binaries))
	var code Code
	program, err := create(e, &code, h, uintptr(len(ids)), uintptr(unsafe.Pointer(&ids[0])), uintptr(unsafe.Pointer(&sizes[0])),
		uintptr(unsafe.Pointer(&pointers[0])), uintptr(unsafe.Pointer(&status[0])), uintptr(unsafe.Pointer(&code)))
	if err != nil {
		for i, s := range status {
			if s != success {
				err = detail(err, "device %q: %v", devices[i].Name(), s)
			}
		}
		return nil, err
	}
	return newProgram(c, program), nil
}

func newProgram(c *Context, handle uintptr) *Program {
	p := &Program{ctx: c}
	p.set(kindProgram, &clReleaseProgram, handle)
	runtime.SetFinalizer(p, (*Program).Release)
	return p
}

// BuildProgram compiles and links for the devices, nil for all that the program
// has. A program that does not compile gives a *BuildError with the whole log.
func (p *Program) BuildProgram(devices []*Device, options string) error {
	e := &clBuildProgram
	h, err := p.use(e)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(p)
	var ids []uintptr // stays empty for all
	if len(devices) > 0 {
		if ids, err = deviceHandles(e, devices); err != nil {
			return err
		}
	}
	defer runtime.KeepAlive(devices)
	text, ok := cstring(options)
	if !ok {
		return detail(e.fail(invalidOptions), "the options %q contain a NUL", options)
	}
	err = call(e, h, uintptr(len(ids)), uintptr(unsafe.Pointer(unsafe.SliceData(ids))), uintptr(unsafe.Pointer(&text[0])), 0, 0)
	if errors.Is(err, ErrBuildProgramFailure) {
		return p.buildError(devices, options)
	}
	return detail(err, "options %q", options)
}

// buildError gathers the logs of the devices that failed.
func (p *Program) buildError(devices []*Device, options string) error {
	if len(devices) == 0 {
		var err error
		if devices, err = p.Devices(); err != nil {
			devices = p.ctx.devices
		}
	}
	var names, logs []string
	gather := func(failedOnly bool) {
		for _, d := range devices {
			if failedOnly && p.built(d) {
				continue
			}
			log, err := p.BuildLog(d)
			if err != nil {
				log = fmt.Sprintf("(no log: %v)", err)
			}
			names, logs = append(names, d.Name()), append(logs, log)
		}
	}
	if gather(true); len(names) == 0 {
		// A driver that says that it failed and calls every device built.
		gather(false)
	}
	log := logs[0]
	if len(logs) > 1 {
		for i := range logs {
			logs[i] = names[i] + ":\n" + logs[i]
		}
		log = strings.Join(logs, "\n")
	}
	return &BuildError{Op: clBuildProgram.name, Device: strings.Join(names, ", "), Options: options, Log: log}
}

// built tells whether the program was built for a device.
func (p *Program) built(d *Device) bool {
	q, err := p.query(d, programBuildStatus)
	if err != nil {
		return false
	}
	defer runtime.KeepAlive(p)
	defer runtime.KeepAlive(d)
	v, err := q.word()
	return err == nil && int32(v) == 0 // CL_BUILD_SUCCESS
}

// BuildLog is what the compiler said about the last build for a device. After
// a success it holds the warnings.
func (p *Program) BuildLog(device *Device) (string, error) {
	q, err := p.query(device, programBuildLog)
	if err != nil {
		return "", err
	}
	defer runtime.KeepAlive(p)
	defer runtime.KeepAlive(device)
	return q.text()
}

// query asks about the build for a device.
func (p *Program) query(d *Device, param uint32) (query, error) {
	e := &clGetProgramBuildInfo
	h, err := p.use(e)
	if err != nil {
		return query{}, err
	}
	id, err := d.use(e)
	return query{entry: e, subject: h, second: &id, param: param}, err
}

// Devices are the devices that the program can be built for, in the order of
// Binaries. For parts of a device PoCL names the whole device, once.
func (p *Program) Devices() ([]*Device, error) {
	ids, err := p.words(programDevices)
	if err != nil {
		return nil, err
	}
	devices := make([]*Device, len(ids))
	for i, id := range ids {
		if devices[i] = p.ctx.device(id); devices[i] == nil {
			return nil, detail(clGetProgramInfo.fail(codeReleased), "a device of the program's context")
		}
	}
	return devices, nil
}

// Binaries returns the machine code for each of Devices, nil where it was not
// built.
func (p *Program) Binaries() ([][]byte, error) {
	sizes, err := p.words(programBinarySizes)
	if err != nil || len(sizes) == 0 {
		return nil, err
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	binaries := make([][]byte, len(sizes))
	pointers := make([]*byte, len(sizes))
	for i, n := range sizes {
		if n > infoLimit {
			return nil, detail(clGetProgramInfo.fail(codeUnknown), "a binary of %d bytes", n)
		}
		if n > 0 {
			binaries[i] = make([]byte, n)
			pin.Pin(&binaries[i][0])
			pointers[i] = &binaries[i][0]
		}
	}
	h, err := p.use(&clGetProgramInfo)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(p)
	err = call(&clGetProgramInfo, h, programBinaries, 8*uintptr(len(pointers)), uintptr(unsafe.Pointer(&pointers[0])), 0)
	if err != nil {
		return nil, err
	}
	return binaries, nil
}

func (p *Program) words(param uint32) ([]uintptr, error) {
	h, err := p.use(&clGetProgramInfo)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(p)
	return query{entry: &clGetProgramInfo, subject: h, param: param}.words()
}

// Release gives the program back; its kernels stay usable. It is safe to call
// twice and on nil.
func (p *Program) Release() {
	if p == nil {
		return
	}
	runtime.SetFinalizer(p, nil)
	p.release()
}

// use returns the handle, or an ErrReleased.
func (p *Program) use(e *entry) (uintptr, error) {
	if p == nil {
		return 0, e.fail(codeReleased)
	}
	return p.object.use(e)
}
