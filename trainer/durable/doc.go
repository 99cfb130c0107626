// Package durable writes files that are either there whole or not at all.
//
// A model takes minutes to train and a crash takes none: a file written in place
// is half a file when the power goes. WriteFile writes to a temporary file in the
// same folder (a rename across file systems is a copy), forces it to the disk,
// renames it over the old one, which POSIX.1-2017 rename() makes atomic, and
// forces the folder to the disk, without which the new name may not survive.
//
// Check is for those who work for hours before they write: what would keep the file from its place
// is known before.
//
// Hold is for those who write several files that belong together: two of them would take each
// other's for what a crash has left. WriteFloats writes many numbers fast, as all files here have them. Open is for those who read
// what was written: it opens files, and nothing that only looks like one.
//
// What may not live here: formats. Package safetensors and the model file say
// what is in a file.
package durable
