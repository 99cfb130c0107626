// Package cl calls OpenCL 1.2 without cgo: the library is opened at first use.
package cl
