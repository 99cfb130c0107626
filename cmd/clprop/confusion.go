package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxTableClasses = 40 // more columns than that are no table that one can read
	maxNameWidth    = 24
)

// confusionText draws the confusion matrix: a row for each true class, a column
// for what it was taken for, then recall and precision.
//
//	recall of k     correct of k / examples of k           (along the row)
//	precision of k  correct of k / all taken for k         (down the column)
//
// Columns have the numbers that the rows begin with: names would not fit.
func confusionText(names []string, counts [][]int) string {
	k := len(counts)
	if k > maxTableClasses {
		return fmt.Sprintf("The confusion matrix has %d classes, too many to draw: --json prints it.\n", k)
	}
	width, nameWidth := digits(k-1), 0
	rows, columns := make([]int, k), make([]int, k)
	labels := make([]string, k)
	for i := range counts {
		if labels[i] = clip(oneLine(names[i]), maxNameWidth); labels[i] == strconv.Itoa(i) {
			labels[i] = "" // the row begins with it already
		}
		nameWidth = max(nameWidth, utf8.RuneCountInString(labels[i]))
		for j, n := range counts[i] {
			rows[i] += n
			columns[j] += n
			width = max(width, digits(n))
		}
	}
	number := digits(k - 1)
	var b strings.Builder
	fmt.Fprintln(&b, "confusion matrix: true class down, taken for across")
	b.WriteString(strings.Repeat(" ", number+1+nameWidth))
	for j := range k {
		fmt.Fprintf(&b, "  %*d", width, j)
	}
	b.WriteString("   recall  precision\n")
	for i := range counts {
		fmt.Fprintf(&b, "%*d %-*s", number, i, nameWidth, labels[i])
		for _, n := range counts[i] {
			fmt.Fprintf(&b, "  %*d", width, n)
		}
		fmt.Fprintf(&b, "  %7s  %9s\n", percent(counts[i][i], rows[i]), percent(counts[i][i], columns[i]))
	}
	return b.String()
}

// percent writes part/whole, or a dash if there is no whole.
func percent(part, whole int) string {
	if s := share(part, whole); s != nil {
		return fmt.Sprintf("%.1f%%", 100**s)
	}
	return "-"
}

// clip shortens a text to n characters.
func clip(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}
