// Package safetensors reads and writes the safetensors format, in which the
// weights of most published networks travel: named tensors, and no code.
//
// # Layout
//
//	offset 0      n, the length of the header: 8 bytes, unsigned, little-endian
//	offset 8      the header, n bytes of JSON in UTF-8, spaces at its end allowed
//	offset 8+n    the buffer, up to the end of the file
//
// The header is one object. Each key is the name of a tensor, except that
// __metadata__ may hold an object of strings:
//
//	{"__metadata__":{"format":"pt"},
//	 "0.weight":{"dtype":"F32","shape":[128,784],"data_offsets":[0,401408]}, …}
//
// data_offsets are the first byte of a tensor in the buffer and the one after
// its last. Values are little-endian and row-major. The tensors cover the buffer
// without a hole and without overlap.
//
// Source: the format's own description, https://github.com/huggingface/safetensors.
//
// # A file from a stranger
//
// Read refuses what the format forbids, with the name of the tensor or the offset
// in the file in the error, and allocates no more than about four times the size
// of the file. It reads float32 tensors only, and says so of others.
//
// What may not live here: what the names and metadata mean, which is the model
// file's business.
package safetensors
