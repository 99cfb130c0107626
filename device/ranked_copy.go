package device

// CopyLayers copies all layers of Δ to the host and back, as a step on several ranks does:
// to measure it.
func CopyLayers(e Engine, sum Parameters) error {
	copies := NewRanked(e, nil).copier()
	for l := range sum.Shapes() {
		floats, err := copies.layerFloats(sum, l)
		if err != nil {
			return err
		}
		values := make([]float32, floats)
		wait, err := copies.readLayer(values, sum, l)
		if err == nil {
			err = wait()
		}
		if err == nil {
			err = copies.writeLayer(sum, l, values)
		}
		if err != nil {
			return err
		}
	}
	return e.Sync()
}
