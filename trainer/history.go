package trainer

import "time"

// History is what Fit did, one entry for each epoch completed.
type History struct {
	Epochs []Epoch `json:"epochs"`
	// Resident says whether the examples lay on the device (true) or were
	// streamed to it batch by batch.
	Resident bool `json:"resident"`
	// BatchSize is the examples of a step, and MicroBatch how many of them the device
	// took at a time: as many, if batches were run whole.
	BatchSize  int `json:"batch_size"`
	MicroBatch int `json:"micro_batch"`
	// Stopped is why Fit ended before its last epoch, or reached its target; nil if it
	// did not.
	Stopped *Stop `json:"stopped"`
	// Best is the number of the epoch whose weights the network was given back, see
	// Stopping; 0 if it has those of the last step.
	Best int `json:"best"`
}

// Last returns the last epoch completed, or a zero Epoch if there is none.
func (h *History) Last() Epoch {
	if h == nil || len(h.Epochs) == 0 {
		return Epoch{}
	}
	return h.Epochs[len(h.Epochs)-1]
}

// Held returns the epoch whose weights the network holds: Best, or else the last one
// completed.
func (h *History) Held() Epoch {
	if h != nil && h.Best > 0 {
		for _, e := range h.Epochs {
			if e.Epoch == h.Best {
				return e
			}
		}
	}
	return h.Last()
}

// Epoch is the record of one pass through the training set.
type Epoch struct {
	Epoch int `json:"epoch"` // counted from 1 since New
	// Loss is the mean error of an example, each taken when its batch came by,
	// so over weights that changed during the epoch.
	Loss float64 `json:"loss"`
	// Cost is Loss + λ/(2m) Σ_l Σ_{j≠0} Θ_ij(l)² + λ1/m Σ_l Σ_{j≠0} |Θ_ij(l)|, with Θ at
	// the end of the epoch, m the batch size, and λ1 of Regularizers.L1.
	Cost float64 `json:"cost"`
	// Accuracy is the share of examples classified right, taken like Loss.
	Accuracy float64 `json:"accuracy"`
	// Validated says whether there was a validation set. ValLoss and ValAccuracy
	// are its mean loss, without penalty, and accuracy at the end of the epoch.
	Validated   bool    `json:"validated"`
	ValLoss     float64 `json:"val_loss"`
	ValAccuracy float64 `json:"val_accuracy"`
	Rate        float64 `json:"rate"` // α of the last step
	// Seconds is the wall time of training, validation not included, and
	// SamplesPerSecond the examples trained on in one of them.
	Seconds          float64 `json:"seconds"`
	SamplesPerSecond float64 `json:"samples_per_second"`
	// DataSeconds is how much of Seconds the host spent on getting examples that are not
	// resident: reading, scaling, or waiting for what reads ahead. The device works on the
	// batch before meanwhile, so that it stood still for as long at most.
	DataSeconds float64 `json:"data_seconds"`
}

// Progress is a look into an epoch under way.
type Progress struct {
	Epoch, Epochs int           // this epoch, and the last one of this Fit, counted from 1
	Step, Steps   int           // steps done in this epoch, and steps of an epoch
	Examples      int           // examples done in this epoch
	Loss          float64       // mean loss of those examples
	Accuracy      float64       // share of them classified right
	Rate          float64       // α of the last step done
	Elapsed       time.Duration // since this epoch began
}
