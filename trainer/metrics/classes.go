package metrics

// Score is precision, recall and F1 of a class, or a mean of them over classes.
type Score struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// Classes is how well classes are told apart.
type Classes struct {
	Accuracy float64
	Macro    Score
	Micro    Score
	Weighted Score
	// Each has the score of each class, Support the examples that are of it and
	// Predicted those that are taken for it.
	Each               []Score
	Support, Predicted []int
	Right              []int // examples that are of it and taken for it
}

func newClasses(n int) Classes {
	return Classes{Each: make([]Score, n), Support: make([]int, n), Predicted: make([]int, n), Right: make([]int, n)}
}

// OfConfusion returns the scores of a square matrix of counts: row i, column k are the
// examples of class i taken for class k.
func OfConfusion(counts [][]int) Classes {
	c := newClasses(len(counts))
	for i, row := range counts {
		c.Right[i] = row[i]
		for k, n := range row {
			c.Support[i] += n
			c.Predicted[k] += n
		}
	}
	there := 0
	for k := range counts {
		if c.Support[k]+c.Predicted[k] > 0 {
			there++
		}
	}
	c.score(there)
	right, all := sum(c.Right), sum(c.Support)
	c.Accuracy = over(right, all)
	c.Micro = score(right, all, all)
	return c
}

// score fills in the scores of each class, and their means over n of them, macro, and by their
// examples, weighted.
func (c *Classes) score(n int) {
	all := sum(c.Support)
	for k := range c.Each { // a class that is not there adds 0
		c.Each[k] = score(c.Right[k], c.Predicted[k], c.Support[k])
		c.Macro.add(c.Each[k], over(1, n))
		c.Weighted.add(c.Each[k], over(c.Support[k], all))
	}
}

// score is that of right examples among those predicted and those that are.
func score(right, predicted, support int) Score {
	return Score{over(right, predicted), over(right, support), over(2*right, predicted+support)}
}

func (s *Score) add(t Score, weight float64) {
	s.Precision += weight * t.Precision
	s.Recall += weight * t.Recall
	s.F1 += weight * t.F1
}

// over is part/whole, or 0 if there is no whole.
func over(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
