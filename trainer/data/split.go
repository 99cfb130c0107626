package data

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// stratify divides rows, given the class of each, so that every class has the
// same share in validation, as near as whole rows allow (largest remainder
// method), and at least one row in train. Both lists come in ascending order.
//
// The rows of class c are drawn by a generator of their own, PCG keyed by
// (seed, c), so the choice in one class does not depend on the others.
func stratify(class []int, classes int, fraction float64, seed uint64) (train, validation []int, err error) {
	if !(fraction > 0 && fraction < 1) { // also refuses NaN
		return nil, nil, fmt.Errorf("split: validation fraction is %v: it must be above 0 and below 1", fraction)
	}
	members := make([][]int, classes)
	for i, c := range class {
		members[c] = append(members[c], i)
	}
	take := quotas(members, fraction)
	for c, rows := range members {
		r := rand.New(rand.NewPCG(seed, uint64(c)))
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		validation = append(validation, rows[:take[c]]...)
		train = append(train, rows[take[c]:]...)
	}
	if len(validation) == 0 {
		return nil, nil, fmt.Errorf("split: a fraction of %v of %d examples leaves none for validation: give more examples or a larger fraction",
			fraction, len(class))
	}
	slices.Sort(train)
	slices.Sort(validation)
	return train, validation, nil
}

// stratifyRows is stratify for the given rows (nil: all) of those that class has.
func stratifyRows(rows, class []int, classes int, fraction float64, seed uint64) (train, validation []int, err error) {
	if rows == nil {
		return stratify(class, classes, fraction, seed)
	}
	chosen := make([]int, len(rows))
	for i, r := range rows {
		chosen[i] = class[r]
	}
	train, validation, err = stratify(chosen, classes, fraction, seed)
	for _, part := range [][]int{train, validation} {
		for i, at := range part {
			part[i] = rows[at]
		}
	}
	return train, validation, err
}

// quotas gives each class ⌊f·n⌋ validation rows and hands what is missing to
// round(f·N) to the classes with the largest remainders, the lower class first;
// no class gives up its last row.
func quotas(members [][]int, fraction float64) []int {
	take := make([]int, len(members))
	remainder := make([]float64, len(members))
	order := make([]int, len(members))
	total, taken := 0, 0
	for c, rows := range members {
		want := fraction * float64(len(rows))
		take[c] = min(int(want), max(len(rows)-1, 0))
		remainder[c] = want - math.Floor(want)
		order[c] = c
		total += len(rows)
		taken += take[c]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainder[b], remainder[a]) })
	left := int(math.Round(fraction*float64(total))) - taken
	for _, c := range order {
		if left <= 0 {
			break
		}
		if take[c] < len(members[c])-1 {
			take[c]++
			left--
		}
	}
	return take
}
