package metrics

import (
	"math"
	"slices"
)

// TopK is the share of examples whose class is among the k largest of their outputs,
// of equals the first. h is rows × outputs, row-major; actual has the class of each
// row. It is 0 of no rows, and 1 where k is all outputs.
func TopK(h []float32, outputs int, actual []int, k int) float64 {
	hits := 0
	for i, class := range actual {
		row := h[i*outputs:][:outputs]
		before := 0
		for j, v := range row {
			if v > row[class] || v == row[class] && j < class {
				before++
			}
		}
		if before < k {
			hits++
		}
	}
	return over(hits, len(actual))
}

// AUC is the area under the receiver operating characteristic: the probability that a
// positive example has a higher score than a negative one, equals counting half. It is
// NaN where there are no positive or no negative examples.
//
// It is the statistic U of the ranks, U/(P·N), where equal scores share their mean rank:
// H. B. Mann and D. R. Whitney, Ann. Math. Statist. 18 (1947); J. A. Hanley and B. J.
// McNeil, "The meaning and use of the area under a receiver operating characteristic
// (ROC) curve", Radiology 143 (1982).
func AUC(scores []float32, positive []bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		switch {
		case scores[i] < scores[j]:
			return -1
		case scores[i] > scores[j]:
			return 1
		}
		return 0
	})
	rankSum, positives := 0.0, 0
	for from := 0; from < len(order); {
		to, here := from, 0
		for to < len(order) && scores[order[to]] == scores[order[from]] {
			if positive[order[to]] {
				here++
			}
			to++
		}
		if to == from { // NaN, which equals nothing
			return math.NaN()
		}
		rankSum += float64(here) * (float64(from+to+1) / 2) // ranks from+1 … to
		positives += here
		from = to
	}
	p, n := float64(positives), float64(len(scores)-positives)
	return (rankSum - p*(p+1)/2) / (p * n)
}

// AUCs is the AUC of each class against the rest, and macro their mean. A class
// without a positive or a negative example has NaN and no part in the mean, which is
// NaN if there is none. h is rows × outputs, row-major; a single output is the score of
// class 1, and its negative that of class 0.
func AUCs(h []float32, outputs int, actual []int) (each []float64, macro float64) {
	return areas(max(outputs, 2), len(actual), func(i, k int) (score float32, positive bool) {
		switch {
		case outputs > 1:
			score = h[i*outputs+k]
		case k == 0:
			score = -h[i]
		default:
			score = h[i]
		}
		return score, actual[i] == k
	})
}

// areas is the AUC of each class, of which of gives score and truth in a row, and their mean.
func areas(classes, rows int, of func(i, k int) (score float32, positive bool)) (each []float64, macro float64) {
	scores, positive := make([]float32, rows), make([]bool, rows)
	count := 0
	for k := range classes {
		for i := range rows {
			scores[i], positive[i] = of(i, k)
		}
		each = append(each, AUC(scores, positive))
		if area := each[k]; !math.IsNaN(area) {
			macro += area
			count++
		}
	}
	return each, macro / float64(count)
}
