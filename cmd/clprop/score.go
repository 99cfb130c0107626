package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
	"github.com/clprop/clprop/trainer/metrics"
)

// scores are what package metrics says of an evaluation, quantities in the units of
// the file.
type scores struct {
	trainer.Evaluation
	names []string // of the classes, or of the quantities

	classes  metrics.Classes // or of labels
	areas    []float64       // ROC AUC of each class against the rest
	area     float64         // their mean
	top      int             // k of the top k; 0 if there are no more classes than that
	topShare float64

	several   bool // labels at once
	hamming   float64
	threshold float64 // above which each is predicted

	each []metrics.Quantity // nil for classes
	mean metrics.Quantity
}

// newScores judges an evaluation of a model on set; top is the k of top k, threshold the
// probability above which each of several labels is predicted.
func newScores(m *trainer.Model, set *data.Set, v trainer.Evaluation, top int, threshold float64) scores {
	s := scores{Evaluation: v, names: outputNames(m)}
	k := set.Outputs
	if m.Network.Loss.MultiLabel() {
		labels := metrics.OfLabels(v.H, set.Y, k, threshold)
		s.several, s.classes, s.hamming, s.threshold = true, labels.Classes, labels.Hamming, threshold
		s.Accuracy = labels.Accuracy
		s.areas, s.area = metrics.LabelAUCs(v.H, set.Y, k)
		return s
	}
	if v.Confusion == nil {
		p := m.Preprocess
		if p == nil {
			p = &data.Preprocess{}
		}
		s.each, s.mean = metrics.Quantities(p.Restore(v.H), p.Restore(set.Y), k)
		return s
	}
	actual := make([]int, set.Rows)
	for i := range actual {
		actual[i] = set.Label(i)
	}
	s.classes = metrics.OfConfusion(v.Confusion)
	s.areas, s.area = metrics.AUCs(v.H, k, actual)
	if top > 0 && top < k {
		s.top, s.topShare = top, metrics.TopK(v.H, k, actual, top)
	}
	return s
}

// outputNames names the classes of a model, or the quantities that it predicts.
func outputNames(m *trainer.Model) []string {
	if m.Preprocess != nil && len(m.Preprocess.Targets) > 0 {
		return m.Preprocess.LabelNames()
	}
	return classNames(m)
}

// text is what is said of a set of that name, in its first line what train says too.
func (s scores) text(what string) string {
	var b strings.Builder
	b.WriteString(s.line(what))
	if s.each != nil {
		b.WriteString("\n\n" + s.quantities())
		return b.String()
	}
	if s.several {
		b.WriteString(s.labels())
		return b.String()
	}
	macro := s.classes.Macro
	fmt.Fprintf(&b, "\nmacro precision %.2f%%, recall %.2f%%, F1 %.2f%%; weighted F1 %.2f%%", 100*macro.Precision, 100*macro.Recall, 100*macro.F1, 100*s.classes.Weighted.F1)
	if !math.IsNaN(s.area) {
		fmt.Fprintf(&b, "; ROC AUC %.4f", s.area)
	}
	if s.top > 0 {
		fmt.Fprintf(&b, "; top %d %.2f%%", s.top, 100*s.topShare)
	}
	b.WriteString("\n\n" + confusionText(s.names, s.Confusion))
	return b.String()
}

// line is the line that train and evaluate share, so that it is the same where the
// score is.
func (s scores) line(what string) string {
	if s.each != nil {
		return fmt.Sprintf("%s R² %.4f, RMSE %.4g, MAE %.4g (%d examples), loss %.4f", what, s.mean.R2, s.mean.RMSE, s.mean.MAE, s.Count, s.Loss)
	}
	if s.several {
		return fmt.Sprintf("%s accuracy %.2f%% (every label of %.0f of %d), loss %.4f", what, 100*s.Accuracy, s.Accuracy*float64(s.Count), s.Count, s.Loss)
	}
	right := 0
	for i := range s.Confusion {
		right += s.Confusion[i][i]
	}
	return fmt.Sprintf("%s accuracy %.2f%% (%d of %d), loss %.4f", what, 100*s.Accuracy, right, s.Count, s.Loss)
}

// labels are means over the labels, and a table of each.
func (s scores) labels() string {
	var b strings.Builder
	micro := s.classes.Micro
	fmt.Fprintf(&b, "\nmicro precision %.2f%%, recall %.2f%%, F1 %.2f%%; macro F1 %.2f%%; Hamming loss %.4f", 100*micro.Precision, 100*micro.Recall, 100*micro.F1, 100*s.classes.Macro.F1, s.hamming)
	if !math.IsNaN(s.area) {
		fmt.Fprintf(&b, "; ROC AUC %.4f", s.area)
	}
	width := 0
	for _, name := range s.names {
		width = max(width, len([]rune(clip(oneLine(name), maxNameWidth))))
	}
	fmt.Fprintf(&b, "\n\n%*s  examples  predicted   recall  precision       F1  ROC AUC\n", width, "")
	for k, name := range s.names {
		right, predicted, support, area := s.classes.Right[k], s.classes.Predicted[k], s.classes.Support[k], "-"
		if v := s.areas[k]; !math.IsNaN(v) {
			area = fmt.Sprintf("%.4f", v)
		}
		fmt.Fprintf(&b, "%-*s  %8d  %9d  %7s  %9s  %7s  %7s\n", width, clip(oneLine(name), maxNameWidth), support, predicted,
			percent(right, support), percent(right, predicted), percent(2*right, predicted+support), area)
	}
	return b.String()
}

// quantities is a table of how near each quantity is, in the units of the file.
func (s scores) quantities() string {
	var b strings.Builder
	width := 0
	for k := range s.names {
		width = max(width, len([]rune(clip(oneLine(s.names[k]), maxNameWidth))))
	}
	fmt.Fprintf(&b, "%*s  %11s  %11s  %11s  %8s\n", width, "", "MSE", "RMSE", "MAE", "R²")
	for k, q := range s.each {
		fmt.Fprintf(&b, "%-*s  %11.5g  %11.5g  %11.5g  %8.4f\n", width, clip(oneLine(s.names[k]), maxNameWidth), q.MSE, q.RMSE, q.MAE, q.R2)
	}
	return b.String()
}

// scoresJSON is what package metrics adds to an evaluation in JSON. Of classes and
// quantities, what there is not is null.
type scoresJSON struct {
	Macro    *metrics.Score `json:"macro"`
	Micro    *metrics.Score `json:"micro"`
	Weighted *metrics.Score `json:"weighted"`
	ROCAUC   *float64       `json:"roc_auc"` // mean over the classes of one against the rest, or over the labels
	Top      *topJSON       `json:"top"`
	// HammingLoss and Threshold are of several labels at once, of which Classes has each.
	HammingLoss *float64    `json:"hamming_loss"`
	Threshold   *float64    `json:"threshold"`
	Classes     []classJSON `json:"classes"`
	// Targets and Mean are in the units of the file.
	Mean    *quantityJSON `json:"mean"`
	Targets []targetJSON  `json:"targets"`
}

// topJSON is the share of examples whose class is among the K most likely.
type topJSON struct {
	K        int     `json:"k"`
	Accuracy float64 `json:"accuracy"`
}

// targetJSON is how near one quantity is.
type targetJSON struct {
	Name string `json:"name"`
	quantityJSON
}

// quantityJSON is a metrics.Quantity.
type quantityJSON struct {
	MSE  numberJSON `json:"mse"`
	RMSE numberJSON `json:"rmse"`
	MAE  numberJSON `json:"mae"`
	R2   numberJSON `json:"r2"`
}

func newQuantityJSON(q metrics.Quantity) quantityJSON {
	return quantityJSON{numberJSON(q.MSE), numberJSON(q.RMSE), numberJSON(q.MAE), numberJSON(q.R2)}
}

// classJSON is how well one class does; null where nothing was to be counted.
type classJSON struct {
	Name      string   `json:"name"`
	Count     int      `json:"count"`
	Precision *float64 `json:"precision"`
	Recall    *float64 `json:"recall"`
	F1        *float64 `json:"f1"`
	ROCAUC    *float64 `json:"roc_auc"`
}

func (s scores) json() scoresJSON {
	if s.each != nil {
		mean := newQuantityJSON(s.mean)
		r := scoresJSON{Mean: &mean}
		for k, q := range s.each {
			r.Targets = append(r.Targets, targetJSON{s.names[k], newQuantityJSON(q)})
		}
		return r
	}
	c := s.classes
	r := scoresJSON{Macro: &c.Macro, Micro: &c.Micro, Weighted: &c.Weighted, ROCAUC: orNull(s.area)}
	if s.top > 0 {
		r.Top = &topJSON{s.top, s.topShare}
	}
	if s.several {
		r.HammingLoss, r.Threshold = &s.hamming, &s.threshold
	}
	for k, name := range s.names {
		right := c.Right[k]
		r.Classes = append(r.Classes, classJSON{
			Name: name, Count: c.Support[k], Precision: share(right, c.Predicted[k]), Recall: share(right, c.Support[k]),
			F1: share(2*right, c.Predicted[k]+c.Support[k]), ROCAUC: orNull(s.areas[k]),
		})
	}
	return r
}

// numberJSON is a number that may have overflowed: null then.
type numberJSON float64

func (n numberJSON) MarshalJSON() ([]byte, error) { return json.Marshal(orNull(float64(n))) }

// orNull is v, or nil for NaN and infinities, which JSON does not have.
func orNull(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
