package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a message: bytes of a text, a message or packed numbers, or n.
type field struct {
	protowire.Number
	kind  protowire.Type
	bytes []byte
	n     uint64
}

// fields calls take for each field of a message. What take gets points into message.
func fields(message []byte, take func(field) error) error {
	for len(message) > 0 {
		number, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return fmt.Errorf("not a message of Protocol Buffers: %w", protowire.ParseError(size))
		}
		message = message[size:]
		f := field{Number: number, kind: kind}
		switch kind {
		case protowire.VarintType:
			f.n, size = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var bits uint32
			bits, size = protowire.ConsumeFixed32(message)
			f.n = uint64(bits)
		case protowire.Fixed64Type:
			f.n, size = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			f.bytes, size = protowire.ConsumeBytes(message)
		default:
			return fmt.Errorf("field %d is a group, which ONNX has none of", number)
		}
		if size < 0 {
			return fmt.Errorf("field %d: %w", number, protowire.ParseError(size))
		}
		message = message[size:]
		if err := take(f); err != nil {
			return err
		}
	}
	return nil
}

// is reports whether the field has this number, and refuses it if it then is of
// another kind.
func (f field) is(number protowire.Number, kind protowire.Type, err *error) bool {
	if f.Number != number {
		return false
	}
	if f.kind != kind && *err == nil {
		*err = fmt.Errorf("field %d has wire type %d, need %d", number, f.kind, kind)
	}
	return f.kind == kind
}

// text, message and number are is for those kinds.
func (f field) text(number protowire.Number, to *[]byte, err *error) {
	if f.is(number, protowire.BytesType, err) {
		*to = f.bytes
	}
}

func (f field) number(number protowire.Number, to *int64, err *error) {
	if f.is(number, protowire.VarintType, err) {
		*to = int64(f.n)
	}
}

// maxRank bounds the dimensions of a constant: a matrix has two.
const maxRank = 8

// constant is a tensor of the file. Its values stay there.
type constant struct {
	dims     [maxRank]int64
	rank     int
	dataType int64
	values   []byte // float32, little-endian
}

// parseTensor reads a TensorProto.
func parseTensor(b []byte) (name []byte, c constant, err error) {
	var location int64
	var raw, floats []byte
	err = fields(b, func(f field) (err error) {
		f.number(tensorDataType, &c.dataType, &err)
		f.number(tensorDataLocation, &location, &err)
		f.text(tensorName, &name, &err)
		switch f.Number {
		case tensorDims:
			return c.addDims(f)
		case tensorFloatData:
			if f.kind != protowire.BytesType || floats != nil {
				return fmt.Errorf("float_data is not packed in one piece")
			}
			floats = f.bytes
		case tensorRawData:
			raw = f.bytes
		case tensorExternalData:
			location = locationExternal
		case tensorSegment:
			return fmt.Errorf("a tensor in segments is not supported")
		}
		return err
	})
	switch {
	case err != nil:
		return name, c, fmt.Errorf("tensor %.40q: %w", name, err)
	case location == locationExternal:
		return name, c, fmt.Errorf("tensor %.40q lies in another file (external_data), which is not followed: save the model as one file", name)
	}
	c.values = floats
	if floats == nil {
		c.values = raw // which proto2 forbids beside float_data
	}
	return name, c, nil
}

// addDims takes a dimension, or several that are packed.
func (c *constant) addDims(f field) error {
	packed := f.bytes
	for first := true; first || len(packed) > 0; first = false {
		d := f.n
		if f.kind == protowire.BytesType {
			var size int
			if d, size = protowire.ConsumeVarint(packed); size < 0 {
				if len(f.bytes) == 0 {
					return nil
				}
				return fmt.Errorf("dims: %w", protowire.ParseError(size))
			}
			packed = packed[size:]
		}
		if c.rank == maxRank {
			return fmt.Errorf("more than %d dimensions", maxRank)
		}
		if d > math.MaxInt32 {
			return fmt.Errorf("dimension of %d", int64(d))
		}
		c.dims[c.rank] = int64(d)
		c.rank++
	}
	return nil
}

// check refuses a constant that is not float32, or not as long as its dimensions say.
func (c *constant) check() error {
	if c.dataType != dataTypeFloat {
		return fmt.Errorf("a constant has data type %d: need float32, which is 1", c.dataType)
	}
	n := int64(1)
	for _, d := range c.dims[:c.rank] {
		if d > 0 && n > math.MaxInt64/4/d {
			return fmt.Errorf("a constant has shape %v", c.dims[:c.rank])
		}
		n *= d
	}
	if int64(len(c.values)) != 4*n {
		return fmt.Errorf("a constant of shape %v has %d bytes, need %d", c.dims[:c.rank], len(c.values), 4*n)
	}
	return nil
}

// len is the number of values; the constant is checked.
func (c *constant) len() int { return len(c.values) / 4 }

func (c *constant) at(i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(c.values[4*i:]))
}

// row reports whether the constant is one value, or one for each unit: [n] or [1,n].
func (c *constant) row() bool {
	for _, d := range c.dims[:max(c.rank-1, 0)] {
		if d != 1 {
			return false
		}
	}
	return c.len() > 0
}

// Bounds on a node: no operator here has as many.
const (
	maxInputs     = 5
	maxAttributes = 8
)

// parsedNode is a NodeProto. Its texts point into the file.
type parsedNode struct {
	op, name, domain []byte
	inputs           [maxInputs][]byte
	attributes       [maxAttributes]parsedAttribute
	in, attrs        int
	output           []byte // the first
	outputs          int
}

type parsedAttribute struct {
	name   []byte
	float  float32
	int    int64
	tensor []byte
}

func parseNode(b []byte) (n parsedNode, err error) {
	err = fields(b, func(f field) (err error) {
		f.text(nodeOpType, &n.op, &err)
		f.text(nodeName, &n.name, &err)
		f.text(nodeDomain, &n.domain, &err)
		switch {
		case err != nil:
		case f.is(nodeInput, protowire.BytesType, &err):
			if n.in == maxInputs {
				return fmt.Errorf("more than %d inputs", maxInputs)
			}
			n.inputs[n.in] = f.bytes
			n.in++
		case f.is(nodeOutput, protowire.BytesType, &err):
			if n.outputs == 0 {
				n.output = f.bytes
			}
			n.outputs++
		case f.is(nodeAttribute, protowire.BytesType, &err):
			if n.attrs == maxAttributes {
				return fmt.Errorf("more than %d attributes", maxAttributes)
			}
			n.attributes[n.attrs], err = parseAttribute(f.bytes)
			n.attrs++
		}
		return err
	})
	for n.in > 0 && len(n.inputs[n.in-1]) == 0 { // an optional input that is not there
		n.in--
	}
	return n, err
}

func parseAttribute(b []byte) (a parsedAttribute, err error) {
	err = fields(b, func(f field) (err error) {
		f.text(attributeName, &a.name, &err)
		f.text(attributeTensor, &a.tensor, &err)
		f.number(attributeInt, &a.int, &err)
		if f.is(attributeFloat, protowire.Fixed32Type, &err) {
			a.float = math.Float32frombits(uint32(f.n))
		}
		return err
	})
	return a, err
}

// find returns an attribute, or nil.
func (n *parsedNode) find(name string) *parsedAttribute {
	for i := range n.attributes[:n.attrs] {
		if string(n.attributes[i].name) == name {
			return &n.attributes[i]
		}
	}
	return nil
}

// number is an attribute that is a float32, or what it is where it is not there.
func (n *parsedNode) number(name string, otherwise float64) float64 {
	if a := n.find(name); a != nil {
		return float64(a.float)
	}
	return otherwise
}

func (n *parsedNode) integer(name string, otherwise int64) int64 {
	if a := n.find(name); a != nil {
		return a.int
	}
	return otherwise
}
