package cl

import (
	"errors"
	"math"
	"strings"
	"testing"
	"unsafe"
)

// Each value is read back by the kernel as a double, which holds all of them
// exactly (the 64-bit ones are multiples of a large power of two).
func TestArgTypes(t *testing.T) {
	r := openRig(t)
	for _, c := range []struct {
		cl   string
		arg  any
		want float64
	}{
		{"char", int8(-128), -128},
		{"uchar", uint8(255), 255},
		{"short", int16(-32768), -32768},
		{"ushort", uint16(65535), 65535},
		{"int", int32(math.MinInt32), math.MinInt32},
		{"uint", uint32(math.MaxUint32), math.MaxUint32},
		{"long", int64(math.MinInt64), math.MinInt64},
		{"ulong", uint64(1 << 63), 1 << 63},
		{"int", -7, -7},
		{"uint", uint(7), 7},
		{"float", float32(-1.5), -1.5},
		{"double", 0.1, 0.1},
	} {
		if c.cl == "double" && r.device.DoubleFPConfig() == 0 {
			t.Logf("device %q has no double", r.device.Name())
			continue
		}
		out, err := r.ctx.CreateEmptyBuffer(MemReadWrite, 8)
		check(t, err)
		source := strings.ReplaceAll("__kernel void get(__global TYPE *out, TYPE v) { *out = v; }", "TYPE", c.cl)
		k := r.build(t, source, "get")
		check(t, k.SetArgs(out, c.arg))
		done(t)(r.queue.EnqueueTask(k, nil))
		var raw [8]byte
		done(t)(r.queue.EnqueueReadBuffer(out, true, 0, 8, unsafe.Pointer(&raw), nil))
		out.Release()
		if got := decode(c.cl, unsafe.Pointer(&raw)); got != c.want {
			t.Errorf("%T as %s: kernel saw %v, want %v", c.arg, c.cl, got, c.want)
		}
	}
}

func decode(cl string, p unsafe.Pointer) float64 {
	switch cl {
	case "char":
		return float64(*(*int8)(p))
	case "uchar":
		return float64(*(*uint8)(p))
	case "short":
		return float64(*(*int16)(p))
	case "ushort":
		return float64(*(*uint16)(p))
	case "int":
		return float64(*(*int32)(p))
	case "uint":
		return float64(*(*uint32)(p))
	case "long":
		return float64(*(*int64)(p))
	case "ulong":
		return float64(*(*uint64)(p))
	case "float":
		return float64(*(*float32)(p))
	}
	return *(*float64)(p)
}

func TestArgErrors(t *testing.T) {
	r := openRig(t)
	k := r.build(t, addSource, "add")
	a := r.buffer(t, ramp(4))
	for what, c := range map[string]struct {
		index int
		arg   any
		want  error
	}{
		"index too large":  {4, float32(1), ErrInvalidArgIndex},
		"index negative":   {-1, float32(1), ErrInvalidArgIndex},
		"float64 as float": {3, 1.0, ErrInvalidArgSize},
		"nil buffer":       {0, (*MemObject)(nil), ErrReleased},
		"no local memory":  {0, LocalBuffer(0), ErrInvalidArgSize},
		"int too large":    {3, math.MaxInt64, ErrInvalidArgValue},
		"uint too large":   {3, uint(math.MaxUint64), ErrInvalidArgValue},
	} {
		t.Run(what, func(t *testing.T) {
			err := k.SetArg(c.index, c.arg)
			wantErr(t, err, c.want)
			if err != nil && !strings.Contains(err.Error(), "kernel add, argument ") {
				t.Errorf("%q does not say which argument", err)
			}
		})
	}
	var unsupported ErrUnsupportedArgumentType
	if err := k.SetArgs(a, "text"); !errors.As(err, &unsupported) || unsupported.Index != 1 {
		t.Errorf("a string: %v", err)
	}
	fresh := r.build(t, addSource, "add")
	nd, err := NewNDRange([]int{4}, nil)
	check(t, err)
	wantErr(t, r.queue.Launch(fresh, nd), ErrInvalidKernelArgs)
	wantErr(t, r.queue.Launch(k, nil), ErrInvalidGlobalWorkSize)
	wantErr(t, r.queue.Launch(nil, nd), ErrReleased)
}

func TestNDRangeErrors(t *testing.T) {
	r := openRig(t)
	k, _ := r.empty(t)
	for _, c := range []struct {
		offset, global, local []int
		want                  error
	}{
		{nil, nil, nil, ErrInvalidWorkDimension},
		{nil, []int{}, nil, ErrInvalidWorkDimension},
		{nil, []int{1, 1, 1, 1}, nil, ErrInvalidWorkDimension},
		{nil, []int{0}, nil, ErrInvalidGlobalWorkSize},
		{nil, []int{4, -1}, nil, ErrInvalidGlobalWorkSize},
		{nil, []int{4}, []int{2, 2}, ErrInvalidWorkGroupSize},
		{nil, []int{4}, []int{3}, ErrInvalidWorkGroupSize},
		{nil, []int{4}, []int{0}, ErrInvalidWorkGroupSize},
		{[]int{1, 1}, []int{4}, nil, ErrInvalidGlobalOffset},
		{[]int{-1}, []int{4}, nil, ErrInvalidGlobalOffset},
	} {
		_, err := r.queue.EnqueueNDRangeKernel(k, c.offset, c.global, c.local, nil)
		wantErr(t, err, c.want)
	}
	large := 2 * r.device.MaxWorkGroupSize()
	nd, err := NewNDRange([]int{large}, []int{large})
	check(t, err)
	if err := r.queue.Launch(k, nd); err == nil {
		t.Errorf("a work-group of %d on a device with at most %d", large, large/2)
	}
}

// Every work-item writes its own place: offset, 3 dimensions and groups arrive.
func TestNDRangeReachesKernel(t *testing.T) {
	r := openRig(t)
	k := r.build(t, `__kernel void where(__global float *a) {
		size_t x = get_global_id(0), y = get_global_id(1), z = get_global_id(2);
		a[x + 4*y + 8*z] = 100*z + 10*y + x + 1000*get_local_size(0);
	}`, "where")
	a := r.buffer(t, make([]float32, 16))
	check(t, k.SetArgs(a))
	nd, err := NewNDRange([]int{4, 2, 2}, []int{2, 1, 1})
	check(t, err)
	check(t, r.queue.Launch(k, nd))
	expect(t, r.read(t, a), []float32{2000, 2001, 2002, 2003, 2010, 2011, 2012, 2013, 2100, 2101, 2102, 2103, 2110, 2111, 2112, 2113})
	done(t)(r.queue.EnqueueNDRangeKernel(k, []int{2, 1, 1}, []int{2, 1, 1}, []int{1, 1, 1}, nil))
	expect(t, r.read(t, a)[12:], []float32{2110, 2111, 1112, 1113})
}

func TestWorkGroupInfo(t *testing.T) {
	r := openRig(t)
	k := r.build(t, `__attribute__((reqd_work_group_size(4, 2, 1)))
	__kernel void shift(__global float *a, __local float *tile) {
		size_t i = get_local_id(0) + 4*get_local_id(1);
		tile[i] = a[i];
		barrier(CLK_LOCAL_MEM_FENCE);
		a[i] = tile[(i + 1) % 8];
	}`, "shift")
	if n, err := k.NumArgs(); err != nil || n != 2 {
		t.Errorf("%d arguments (%v), want 2", n, err)
	}
	if size, err := k.CompileWorkGroupSize(r.device); err != nil || size != [3]int{4, 2, 1} {
		t.Errorf("compile work-group size %v (%v), want [4 2 1]", size, err)
	}
	if n, err := k.WorkGroupSize(r.device); err != nil || n < 1 || n > r.device.MaxWorkGroupSize() {
		t.Errorf("work-group size %d (%v)", n, err)
	}
	if n, err := k.PreferredWorkGroupSizeMultiple(r.device); err != nil || n < 1 {
		t.Errorf("preferred multiple %d (%v)", n, err)
	}
	a := r.buffer(t, ramp(8))
	check(t, k.SetArgs(a, LocalBuffer(32)))
	if n, err := k.LocalMemSize(r.device); err != nil || n < 0 || int64(n) > r.device.LocalMemSize() {
		t.Errorf("local memory %d (%v)", n, err)
	}
	if n, err := k.PrivateMemSize(r.device); err != nil || n < 0 {
		t.Errorf("private memory %d (%v)", n, err)
	}
	_, err := k.WorkGroupSize(nil)
	wantErr(t, err, ErrReleased)
	done(t)(r.queue.EnqueueNDRangeKernel(k, nil, []int{4, 2, 1}, []int{4, 2, 1}, nil))
	expect(t, r.read(t, a), []float32{1, 2, 3, 4, 5, 6, 7, 0})
}

func TestArgName(t *testing.T) {
	r := openRig(t)
	p, err := r.ctx.CreateProgramWithSource([]string{addSource})
	check(t, err)
	defer p.Release()
	check(t, p.BuildProgram(nil, "-cl-kernel-arg-info"))
	k, err := p.CreateKernel("add")
	check(t, err)
	defer k.Release()
	for i, want := range []string{"a", "b", "c", "scale"} {
		if name, err := k.ArgName(i); err != nil || name != want {
			t.Errorf("argument %d is %q (%v), want %q", i, name, err, want)
		}
	}
	for _, i := range []int{-1, 4} {
		_, err = k.ArgName(i)
		wantErr(t, err, ErrInvalidArgIndex)
	}
}
