// Package checkpoint is the container that a checkpoint lies in: named sections
// of bytes, each with a checksum, and one more over the whole file.
//
// # The format
//
// Numbers are little-endian.
//
//	offset      bytes   what
//	0           8       magic, 0x89 "clprop" 0x0a
//	8           4       version, Version
//	12          …       sections, one after the other
//	size − 32   32      SHA-256 of all bytes before it
//
// and a section of n bytes with a name of k bytes, 1 to 255, is
//
//	0           1       k
//	1           k       name, no two sections have the same one
//	1+k         8       n
//	9+k         n       content
//	9+k+n       4       CRC-32C of the 9+k+n bytes before it
//
// The SHA-256 tells whether a file is whole, every changed byte included; the
// CRCs then tell which part is not. Magic, version and the final SHA-256 keep
// their place in every version, so that a damaged file and one of a newer
// program can be told apart.
//
// A section that a reader does not know is no error, and File keeps it: new
// content gets a new section. What an older reader must not pass over gets a new
// Version.
//
// A file may come from anyone. Read takes about as much memory as the file has
// bytes, whatever is in it; sections are views of that.
//
// What may not live here: what the sections mean, which is package trainer's
// business, and how a file gets to the disk whole, which is package durable's.
package checkpoint
