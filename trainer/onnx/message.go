package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is an encoded message that grows.
type message []byte

func (m *message) text(field protowire.Number, value string) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendString(*m, value)
}

func (m *message) integer(field protowire.Number, value int64) {
	*m = protowire.AppendTag(*m, field, protowire.VarintType)
	*m = protowire.AppendVarint(*m, uint64(value))
}

func (m *message) message(field protowire.Number, value message) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendBytes(*m, value)
}

// attribute is a number that a node has beside its inputs: a float32 or an int.
type attribute struct {
	name  string
	value any
}

// node is a node of operator op, which has the name of its output.
func node(op string, inputs []string, output string, attributes ...attribute) (m message) {
	for _, name := range inputs {
		m.text(nodeInput, name)
	}
	m.text(nodeOutput, output)
	m.text(nodeName, output)
	m.text(nodeOpType, op)
	for _, a := range attributes {
		var attr message
		attr.text(attributeName, a.name)
		switch value := a.value.(type) {
		case float32:
			attr = protowire.AppendTag(attr, attributeFloat, protowire.Fixed32Type)
			attr = protowire.AppendFixed32(attr, math.Float32bits(value))
			attr.integer(attributeType, attributeTypeFloat)
		case int:
			attr.integer(attributeInt, int64(value))
			attr.integer(attributeType, attributeTypeInt)
		}
		m.message(nodeAttribute, attr)
	}
	return m
}

// tensorHead is a float32 tensor up to the bytes of its raw_data, 4 for each element,
// which end it.
func tensorHead(name string, shape []int) (m message) {
	elements := 1
	for _, d := range shape {
		m.integer(tensorDims, int64(d))
		elements *= d
	}
	m.integer(tensorDataType, dataTypeFloat)
	m.text(tensorName, name)
	m = protowire.AppendTag(m, tensorRawData, protowire.BytesType)
	return protowire.AppendVarint(m, uint64(4*elements))
}

// batchOf describes a float32 value of batch × width, with a batch of any size.
func batchOf(name string, width int) (m message) {
	var rows, columns, shape, tensor, kind message
	rows.text(dimParam, "batch")
	columns.integer(dimValue, int64(width))
	shape.message(shapeDim, rows)
	shape.message(shapeDim, columns)
	tensor.integer(tensorTypeElement, dataTypeFloat)
	tensor.message(tensorTypeShape, shape)
	kind.message(typeTensor, tensor)
	m.text(valueName, name)
	m.message(valueType, kind)
	return m
}

// pair is an entry of metadata.
func pair(key, value string) (m message) {
	m.text(entryKey, key)
	m.text(entryValue, value)
	return m
}
