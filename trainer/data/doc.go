// Package data turns files into examples in host memory.
package data
