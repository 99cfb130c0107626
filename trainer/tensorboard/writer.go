package tensorboard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"time"

	"github.com/clprop/clprop/trainer"
	"google.golang.org/protobuf/encoding/protowire"
)

// The fields of the messages, see the package's comment.
const (
	fieldTime    protowire.Number = 1
	fieldStep    protowire.Number = 2
	fieldVersion protowire.Number = 3
	fieldSummary protowire.Number = 5
	fieldValue   protowire.Number = 1
	fieldTag     protowire.Number = 1
	fieldSimple  protowire.Number = 2
)

// Scalar is a number with a name, such as loss/train.
type Scalar struct {
	Tag   string
	Value float64 // as float32 in the file
}

// Writer writes one event file. Its first error is kept, and returned by Close: training
// goes on without it.
type Writer struct {
	file io.WriteCloser
	now  func() time.Time
	err  error
}

// New makes an event file in folder, which is made if it is not there. Its name has the
// time, the machine and the process, as TensorBoard wants it, so that others in the same
// folder stay.
func New(folder string) (*Writer, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	name := fmt.Sprintf("events.out.tfevents.%010d.%s.%d", time.Now().Unix(), host, os.Getpid())
	file, err := os.OpenFile(filepath.Join(folder, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, err
	}
	w := newWriter(file, time.Now)
	if w.err != nil {
		return nil, w.Close()
	}
	return w, nil
}

func newWriter(file io.WriteCloser, now func() time.Time) *Writer {
	w := &Writer{file: file, now: now}
	e := w.event()
	e = protowire.AppendTag(e, fieldVersion, protowire.BytesType)
	w.record(protowire.AppendString(e, "brain.Event:2"))
	return w
}

// event begins an event with its time.
func (w *Writer) event() []byte {
	seconds := float64(w.now().UnixNano()) / 1e9
	return protowire.AppendFixed64(protowire.AppendTag(nil, fieldTime, protowire.Fixed64Type), math.Float64bits(seconds))
}

// Scalars writes numbers of one step.
func (w *Writer) Scalars(step int, values ...Scalar) {
	var summary []byte
	for _, v := range values {
		value := protowire.AppendString(protowire.AppendTag(nil, fieldTag, protowire.BytesType), v.Tag)
		value = protowire.AppendTag(value, fieldSimple, protowire.Fixed32Type)
		value = protowire.AppendFixed32(value, math.Float32bits(float32(v.Value)))
		summary = protowire.AppendBytes(protowire.AppendTag(summary, fieldValue, protowire.BytesType), value)
	}
	e := protowire.AppendVarint(protowire.AppendTag(w.event(), fieldStep, protowire.VarintType), uint64(step))
	w.record(protowire.AppendBytes(protowire.AppendTag(e, fieldSummary, protowire.BytesType), summary))
}

// Epoch writes what an epoch came to, at the step of its number: loss/train, cost and
// learning_rate; accuracy/train, if classes are what is learned; and loss/validation and
// accuracy/validation, where there is a validation set.
func (w *Writer) Epoch(e trainer.Epoch, classes bool) {
	list := []Scalar{{"loss/train", e.Loss}, {"cost", e.Cost}, {"learning_rate", e.Rate}}
	if classes {
		list = append(list, Scalar{"accuracy/train", e.Accuracy})
	}
	if e.Validated {
		list = append(list, Scalar{"loss/validation", e.ValLoss})
		if classes {
			list = append(list, Scalar{"accuracy/validation", e.ValAccuracy})
		}
	}
	w.Scalars(e.Epoch, list...)
}

// record writes one record, in one piece: TensorBoard may read while training goes on.
func (w *Writer) record(data []byte) {
	if w.err != nil {
		return
	}
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, masked(b))
	b = append(b, data...)
	_, w.err = w.file.Write(binary.LittleEndian.AppendUint32(b, masked(data)))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the CRC-32C of data, masked: a sum of data that holds sums would be weak.
func masked(data []byte) uint32 {
	return bits.RotateLeft32(crc32.Checksum(data, castagnoli), -15) + 0xa282ead8
}

// Close closes the file, and returns the first error of writing it.
func (w *Writer) Close() error { return errors.Join(w.err, w.file.Close()) }
