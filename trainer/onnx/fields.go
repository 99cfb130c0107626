package onnx

import "google.golang.org/protobuf/encoding/protowire"

// Field numbers of the messages of onnx.proto, of those fields that are used here.
const (
	modelIRVersion       protowire.Number = 1
	modelProducerName    protowire.Number = 2
	modelProducerVersion protowire.Number = 3
	modelGraph           protowire.Number = 7
	modelOpsetImport     protowire.Number = 8
	modelMetadata        protowire.Number = 14
	modelFunctions       protowire.Number = 25

	opsetDomain  protowire.Number = 1
	opsetVersion protowire.Number = 2

	entryKey   protowire.Number = 1
	entryValue protowire.Number = 2

	graphNode              protowire.Number = 1
	graphName              protowire.Number = 2
	graphInitializer       protowire.Number = 5
	graphInput             protowire.Number = 11
	graphOutput            protowire.Number = 12
	graphSparseInitializer protowire.Number = 15

	nodeInput     protowire.Number = 1
	nodeOutput    protowire.Number = 2
	nodeName      protowire.Number = 3
	nodeOpType    protowire.Number = 4
	nodeAttribute protowire.Number = 5
	nodeDomain    protowire.Number = 7

	attributeName   protowire.Number = 1
	attributeFloat  protowire.Number = 2
	attributeInt    protowire.Number = 3
	attributeTensor protowire.Number = 5
	attributeType   protowire.Number = 20

	tensorDims         protowire.Number = 1
	tensorDataType     protowire.Number = 2
	tensorSegment      protowire.Number = 3
	tensorFloatData    protowire.Number = 4
	tensorName         protowire.Number = 8
	tensorRawData      protowire.Number = 9
	tensorExternalData protowire.Number = 13
	tensorDataLocation protowire.Number = 14

	valueName protowire.Number = 1
	valueType protowire.Number = 2

	typeTensor protowire.Number = 1

	tensorTypeElement protowire.Number = 1
	tensorTypeShape   protowire.Number = 2

	shapeDim protowire.Number = 1

	dimValue protowire.Number = 1
	dimParam protowire.Number = 2
)

// Values of enumerations of onnx.proto.
const (
	dataTypeFloat = 1 // TensorProto.DataType

	attributeTypeFloat = 1 // AttributeProto.AttributeType
	attributeTypeInt   = 2

	locationExternal = 1 // TensorProto.DataLocation
)

// What Write writes.
const (
	irVersion = 8
	opset     = 17
)
