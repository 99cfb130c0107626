package data

// Map says whether a file may be mapped to memory instead of read: its pages come when they
// are needed, and go when memory is, so that it may be larger than that. It must not become
// shorter meanwhile. A mapping lasts as long as the process.
type Map string

// Whether files are mapped. Those that are packed, or that come from a pipe, never are.
const (
	MapNever  Map = ""       // Set.X holds all inputs
	MapAuto   Map = "auto"   // where they would take a GiB or more; images are bytes in memory else
	MapAlways Map = "always" // where it can be done
)

// mapFrom is how many inputs, of 4 bytes each, MapAuto maps from on.
const mapFrom = 1 << 28

// mapped returns size bytes from start on of the source's file, which must end there and are
// so many inputs; nil where it is to be read.
func (s *source) mapped(start int64, size, inputs int, how Map) []byte {
	if how == MapNever || how == MapAuto && inputs < mapFrom || !s.raw || s.size != start+int64(size) {
		return nil
	}
	whole := mapFile(s.file, int(s.size))
	if whole == nil {
		return nil
	}
	return whole[start:]
}
