package cl

import (
	"runtime"
	"strings"
)

// GetInfoBytes returns a property as the driver gives it.
func (d *Device) GetInfoBytes(param DeviceInfo) ([]byte, error) {
	q, err := d.query(param)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(d)
	return q.bytes()
}

// GetInfoString returns a text property, of any length.
func (d *Device) GetInfoString(param DeviceInfo) (string, error) {
	q, err := d.query(param)
	if err != nil {
		return "", err
	}
	defer runtime.KeepAlive(d)
	s, err := q.text()
	return strings.TrimSpace(s), err
}

// GetInfoUint returns a cl_uint property.
func (d *Device) GetInfoUint(param DeviceInfo) (uint, error) {
	v, err := d.word(param)
	return uint(v), err
}

// GetInfoUlong returns a cl_ulong property.
func (d *Device) GetInfoUlong(param DeviceInfo) (int64, error) {
	v, err := d.word(param)
	return int64(v), err
}

// GetInfoSize returns a size_t property.
func (d *Device) GetInfoSize(param DeviceInfo) (int, error) {
	v, err := d.word(param)
	return int(v), err
}

// GetInfoBool returns a cl_bool property.
func (d *Device) GetInfoBool(param DeviceInfo) (bool, error) {
	v, err := d.word(param)
	return v != 0, err
}

func (d *Device) query(param DeviceInfo) (query, error) {
	h, err := d.use(&clGetDeviceInfo)
	return query{entry: &clGetDeviceInfo, subject: h, param: uint32(param)}, err
}

func (d *Device) word(param DeviceInfo) (uint64, error) {
	q, err := d.query(param)
	if err != nil {
		return 0, err
	}
	defer runtime.KeepAlive(d)
	return q.word()
}
