package cl

import (
	"runtime"
	"unsafe"
)

// Device is one processor of a platform, or a part of one (CreateSubDevices).
// Devices that GetDevices returns need no Release.
type Device struct {
	object
	platform *Platform
	parent   *Device
}

// GetDevices lists a platform's devices of the given kinds. With none it fails
// with ErrDeviceNotFound.
func GetDevices(platform *Platform, deviceType DeviceType) ([]*Device, error) {
	if platform == nil {
		return nil, detail(clGetDeviceIDs.fail(invalidPlatform), "no platform given")
	}
	var n uint32
	err := call(&clGetDeviceIDs, platform.id, uintptr(deviceType), 0, 0, uintptr(unsafe.Pointer(&n)))
	if err == nil && n == 0 {
		err = clGetDeviceIDs.fail(deviceNotFound)
	}
	if err != nil {
		return nil, detail(err, "platform %q, device type %v", platform.Name(), deviceType)
	}
	ids := make([]uintptr, n)
	err = call(&clGetDeviceIDs, platform.id, uintptr(deviceType), uintptr(n),
		uintptr(unsafe.Pointer(&ids[0])), uintptr(unsafe.Pointer(&n)))
	if err != nil {
		return nil, err
	}
	devices := make([]*Device, min(int(n), len(ids)))
	for i := range devices {
		devices[i] = &Device{platform: platform}
		// Not counted as live: the platform owns it.
		devices[i].handle.Store(ids[i])
	}
	return devices, nil
}

// Platform is the platform that the device belongs to.
func (d *Device) Platform() *Platform {
	if d == nil {
		return nil
	}
	return d.platform
}

// ParentDevice is the device that this one is a part of, nil for a whole one.
func (d *Device) ParentDevice() *Device {
	if d == nil {
		return nil
	}
	return d.parent
}

// Partition schemes of clCreateSubDevices; the list of counts ends with 0 too.
const (
	partitionEqually  = 0x1086
	partitionByCounts = 0x1087
)

// CreateSubDevicesEqually splits the device into as many parts of units compute
// units as it holds. A remainder is left unused.
func (d *Device) CreateSubDevicesEqually(units int) ([]*Device, error) {
	if units < 1 {
		return nil, detail(clCreateSubDevices.fail(invalidValue), "%d compute units each", units)
	}
	return d.partition([]uintptr{partitionEqually, uintptr(units), 0})
}

// CreateSubDevicesByCounts splits the device into one part of counts[i] compute
// units for each i.
func (d *Device) CreateSubDevicesByCounts(counts []int) ([]*Device, error) {
	if len(counts) == 0 {
		return nil, detail(clCreateSubDevices.fail(invalidValue), "no counts given")
	}
	properties := []uintptr{partitionByCounts}
	for _, n := range counts {
		if n < 1 {
			// A zero would end the list early.
			return nil, detail(clCreateSubDevices.fail(invalidPartition), "counts %v", counts)
		}
		properties = append(properties, uintptr(n))
	}
	return d.partition(append(properties, 0, 0))
}

func (d *Device) partition(properties []uintptr) ([]*Device, error) {
	h, err := d.use(&clCreateSubDevices)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(d)
	var n uint32
	err = call(&clCreateSubDevices, h, uintptr(unsafe.Pointer(&properties[0])), 0, 0, uintptr(unsafe.Pointer(&n)))
	if err == nil && n == 0 {
		err = clCreateSubDevices.fail(partitionFailed)
	}
	if err != nil {
		return nil, detail(err, "device %q", d.Name())
	}
	ids := make([]uintptr, n)
	err = call(&clCreateSubDevices, h, uintptr(unsafe.Pointer(&properties[0])), uintptr(n), uintptr(unsafe.Pointer(&ids[0])), 0)
	if err != nil {
		return nil, detail(err, "device %q", d.Name())
	}
	parts := make([]*Device, n)
	for i := range parts {
		parts[i] = &Device{platform: d.platform, parent: d}
		parts[i].set(kindDevice, &clReleaseDevice, ids[i])
		runtime.SetFinalizer(parts[i], (*Device).Release)
	}
	return parts, nil
}

// Release gives back a part made by CreateSubDevices…; it does nothing to a
// whole device. It is safe to call twice and on nil.
func (d *Device) Release() {
	if d == nil || d.parent == nil {
		return
	}
	runtime.SetFinalizer(d, nil)
	d.release()
}

// use returns the handle, or an ErrReleased.
func (d *Device) use(e *entry) (uintptr, error) {
	if d == nil {
		return 0, e.fail(codeReleased)
	}
	return d.object.use(e)
}

// deviceHandles returns the handles of a list that is not empty.
func deviceHandles(e *entry, devices []*Device) ([]uintptr, error) {
	if len(devices) == 0 {
		return nil, detail(e.fail(invalidValue), "no devices given")
	}
	handles := make([]uintptr, len(devices))
	for i, d := range devices {
		h, err := d.use(e)
		if err != nil {
			return nil, detail(err, "device %d of the list", i)
		}
		handles[i] = h
	}
	return handles, nil
}
