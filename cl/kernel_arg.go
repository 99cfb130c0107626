package cl

import (
	"math"
	"runtime"
	"unsafe"
)

// LocalBuffer is a SetArg value for a __local pointer: that many bytes of local
// memory.
type LocalBuffer int

// SetArgs sets all arguments, as SetArg does.
func (k *Kernel) SetArgs(args ...interface{}) error {
	for i, arg := range args {
		if err := k.SetArg(i, arg); err != nil {
			return err
		}
	}
	return nil
}

// SetArg sets an argument by the Go type of its value: a sized integer or float
// of the same size as the kernel's, *MemObject for a __global or __constant
// pointer, LocalBuffer for a __local one. An int or uint becomes the kernel's 32-bit
// int or uint and must fit. Boxing the value may allocate: the typed setters,
// such as SetArgFloat32, do not.
func (k *Kernel) SetArg(index int, arg interface{}) error {
	switch v := arg.(type) {
	case *MemObject:
		return k.SetArgBuffer(index, v)
	case LocalBuffer:
		return k.SetArgLocal(index, int(v))
	case float32:
		return k.SetArgFloat32(index, v)
	case float64:
		return k.SetArgFloat64(index, v)
	case int8:
		return k.SetArgInt8(index, v)
	case uint8:
		return k.SetArgUint8(index, v)
	case int16:
		return k.SetArgInt16(index, v)
	case uint16:
		return k.SetArgUint16(index, v)
	case int32:
		return k.SetArgInt32(index, v)
	case uint32:
		return k.SetArgUint32(index, v)
	case int64:
		return k.SetArgInt64(index, v)
	case uint64:
		return k.SetArgUint64(index, v)
	case int:
		if v < math.MinInt32 || v > math.MaxInt32 {
			return k.argError(clSetKernelArg.fail(invalidArgValue), index)
		}
		return k.SetArgInt32(index, int32(v))
	case uint:
		if v > math.MaxUint32 {
			return k.argError(clSetKernelArg.fail(invalidArgValue), index)
		}
		return k.SetArgUint32(index, uint32(v))
	}
	return ErrUnsupportedArgumentType{Index: index, Value: arg}
}

// SetArgBuffer sets a __global or __constant pointer. The kernel keeps the
// buffer from being collected; a launch after its Release gives ErrReleased.
func (k *Kernel) SetArgBuffer(index int, buffer *MemObject) error {
	m, err := buffer.use(&clSetKernelArg)
	if err != nil {
		return k.argError(err, index)
	}
	if err := k.setNumber(index, 8, uint64(m)); err != nil {
		return err
	}
	for len(k.buffers) <= index {
		k.buffers = append(k.buffers, nil)
	}
	k.buffers[index] = buffer
	return nil
}

// SetArgLocal sets a __local pointer to size bytes.
func (k *Kernel) SetArgLocal(index int, size int) error {
	if size < 1 {
		return k.argError(clSetKernelArg.fail(invalidArgSize), index)
	}
	return k.SetArgUnsafe(index, size, nil)
}

// SetArgFloat32 sets a float.
func (k *Kernel) SetArgFloat32(index int, val float32) error {
	return k.setNumber(index, 4, uint64(math.Float32bits(val)))
}

// SetArgFloat64 sets a double.
func (k *Kernel) SetArgFloat64(index int, val float64) error {
	return k.setNumber(index, 8, math.Float64bits(val))
}

// SetArgInt8 sets a char.
func (k *Kernel) SetArgInt8(index int, val int8) error { return k.setNumber(index, 1, uint64(val)) }

// SetArgUint8 sets a uchar.
func (k *Kernel) SetArgUint8(index int, val uint8) error { return k.setNumber(index, 1, uint64(val)) }

// SetArgInt16 sets a short.
func (k *Kernel) SetArgInt16(index int, val int16) error { return k.setNumber(index, 2, uint64(val)) }

// SetArgUint16 sets a ushort, or the bits of a half.
func (k *Kernel) SetArgUint16(index int, val uint16) error { return k.setNumber(index, 2, uint64(val)) }

// SetArgInt32 sets an int.
func (k *Kernel) SetArgInt32(index int, val int32) error { return k.setNumber(index, 4, uint64(val)) }

// SetArgUint32 sets a uint.
func (k *Kernel) SetArgUint32(index int, val uint32) error { return k.setNumber(index, 4, uint64(val)) }

// SetArgInt64 sets a long.
func (k *Kernel) SetArgInt64(index int, val int64) error { return k.setNumber(index, 8, uint64(val)) }

// SetArgUint64 sets a ulong.
func (k *Kernel) SetArgUint64(index int, val uint64) error { return k.setNumber(index, 8, val) }

// setNumber sets an argument to the low bytes of a number (every platform that
// can be built for is little-endian). The number lies in the Kernel, which is on
// the heap anyway, so that handing over its address allocates nothing.
func (k *Kernel) setNumber(index, size int, bits uint64) error {
	if k == nil {
		return clSetKernelArg.fail(codeReleased)
	}
	k.value = bits
	return k.SetArgUnsafe(index, size, unsafe.Pointer(&k.value))
}

// SetArgUnsafe sets an argument to the argSize bytes at arg, which are copied,
// such as a vector or a struct. A nil arg means argSize bytes of local memory.
// A buffer must be set with SetArgBuffer, which keeps it alive.
func (k *Kernel) SetArgUnsafe(index, argSize int, arg unsafe.Pointer) error {
	h, err := k.use(&clSetKernelArg)
	if err != nil {
		return err
	}
	if index < 0 {
		return k.argError(clSetKernelArg.fail(invalidArgIndex), index)
	}
	if argSize < 1 {
		return k.argError(clSetKernelArg.fail(invalidArgSize), index)
	}
	err = call(&clSetKernelArg, h, uintptr(index), uintptr(argSize), uintptr(arg))
	runtime.KeepAlive(k)
	if err != nil {
		return k.argError(err, index)
	}
	if index < len(k.buffers) {
		k.buffers[index] = nil
	}
	return nil
}

// argError says which argument failed.
func (k *Kernel) argError(err error, index int) error {
	if k == nil {
		return err
	}
	return detail(err, "kernel %s, argument %d", k.name, index)
}
