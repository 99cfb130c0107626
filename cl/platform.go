package cl

import (
	"errors"
	"strings"
	"unsafe"
)

// Platform is one driver. Platforms last as long as the program.
type Platform struct{ id uintptr }

const (
	platformProfile    = 0x0900
	platformVersion    = 0x0901
	platformName       = 0x0902
	platformVendor     = 0x0903
	platformExtensions = 0x0904
)

// GetPlatforms lists the drivers that are installed. With none registered it
// fails with ErrPlatformNotFound, without a library with ErrNoLibrary. A
// platform may have no device.
func GetPlatforms() ([]*Platform, error) {
	var n uint32
	err := call(&clGetPlatformIDs, 0, 0, uintptr(unsafe.Pointer(&n)))
	if err == nil && n == 0 {
		// Some loaders report success with nothing to show.
		err = clGetPlatformIDs.fail(platformNotFound)
	}
	if err != nil {
		if errors.Is(err, ErrPlatformNotFound) {
			err = detail(err, "no OpenCL driver is installed (Debian: apt install pocl-opencl-icd)")
		}
		return nil, err
	}
	ids := make([]uintptr, n)
	if err := call(&clGetPlatformIDs, uintptr(n), uintptr(unsafe.Pointer(&ids[0])), uintptr(unsafe.Pointer(&n))); err != nil {
		return nil, err
	}
	platforms := make([]*Platform, min(int(n), len(ids)))
	for i := range platforms {
		platforms[i] = &Platform{ids[i]}
	}
	return platforms, nil
}

// GetDevices lists the platform's devices of the given kinds.
func (p *Platform) GetDevices(deviceType DeviceType) ([]*Device, error) {
	return GetDevices(p, deviceType)
}

// Name is the driver's name, such as "Portable Computing Language".
func (p *Platform) Name() string { return p.text(platformName) }

// Vendor is who made the driver.
func (p *Platform) Vendor() string { return p.text(platformVendor) }

// Version is "OpenCL", a version, and what the driver adds.
func (p *Platform) Version() string { return p.text(platformVersion) }

// Profile is "FULL_PROFILE" or "EMBEDDED_PROFILE".
func (p *Platform) Profile() string { return p.text(platformProfile) }

// Extensions lists extensions, separated by spaces.
func (p *Platform) Extensions() string { return p.text(platformExtensions) }

// text returns a string, "" if the driver does not tell.
func (p *Platform) text(param uint32) string {
	if p == nil {
		return ""
	}
	s, err := query{entry: &clGetPlatformInfo, subject: p.id, param: param}.text()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(s)
}
