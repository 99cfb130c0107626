// Package tensorboard writes the history of a training as event files, which TensorBoard
// shows: https://www.tensorflow.org/tensorboard.
//
// An event file is a sequence of records (TFRecord):
//
//	length      8 bytes, little-endian, like all numbers here
//	its sum     4 bytes, CRC-32C masked as below
//	data        length bytes: an Event
//	its sum     4 bytes
//
// An Event is a message of protocol buffers, of which these fields are used:
//
//	Event    wall_time = 1 (double, seconds), step = 2 (int64), file_version = 3 (string),
//	         summary = 5 (Summary)
//	Summary  value = 1 (repeated Value)
//	Value    tag = 1 (string), simple_value = 2 (float)
//
// The first record of a file holds file_version "brain.Event:2". A sum c is masked as
// (c rotated right by 15) + 0xa282ead8. Source: TensorFlow's core/util/event.proto,
// core/framework/summary.proto and core/lib/hash/crc32c.h.
//
// What may not live here: anything that reads, trains or draws.
package tensorboard
