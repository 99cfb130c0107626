package metrics

// Labels is how well several labels at once are told. Accuracy is the share of examples of
// which every label is right (the exact match, or subset accuracy), Hamming the share of all
// labels of all examples that are wrong. A label that is neither there nor predicted counts as
// 0 in Macro.
type Labels struct {
	Classes
	Hamming float64
}

// OfLabels returns the scores of outputs h for labels y, 0 or 1, both rows × labels, row-major.
// A label is predicted where h is above the threshold.
//
// Source: M. S. Sorower, "A literature survey on algorithms for multi-label learning" (2010),
// §7: exact match ratio, Hamming loss, and micro and macro means over labels.
func OfLabels(h, y []float32, labels int, threshold float64) Labels {
	l := Labels{Classes: newClasses(labels)}
	exact, wrong := 0, 0
	for i := 0; i < len(y); i += labels {
		missed := 0
		for k := range labels {
			is, said := y[i+k] > 0.5, float64(h[i+k]) > threshold
			if is != said {
				missed++
			}
			l.count(k, is, said)
		}
		wrong += missed
		if missed == 0 {
			exact++
		}
	}
	l.score(labels)
	l.Accuracy, l.Hamming = over(exact, len(y)/labels), over(wrong, len(y))
	l.Micro = score(sum(l.Right), sum(l.Predicted), sum(l.Support))
	return l
}

// count adds one example to label k.
func (c *Classes) count(k int, is, said bool) {
	if is {
		c.Support[k]++
	}
	if said {
		c.Predicted[k]++
	}
	if is && said {
		c.Right[k]++
	}
}

func sum(counts []int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

// LabelAUCs is AUCs of labels of which an example may have several: y is rows × labels, 0 or 1.
func LabelAUCs(h, y []float32, labels int) (each []float64, macro float64) {
	rows := len(y) / labels
	return areas(labels, rows, func(i, k int) (score float32, positive bool) {
		return h[i*labels+k], y[i*labels+k] > 0.5
	})
}
