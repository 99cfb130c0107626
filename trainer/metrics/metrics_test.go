package metrics

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// near compares with the same formula in float64 by another program: both add up at
// most 60 terms below 200, each sum a rounding of 2⁻⁵³, and divide.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 60*0x1p-53*max(1, math.Abs(want))) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func nearScore(t *testing.T, what string, s Score, want [3]float64) {
	t.Helper()
	near(t, what+" precision", s.Precision, want[0])
	near(t, what+" recall", s.Recall, want[1])
	near(t, what+" F1", s.F1, want[2])
}

// fixture is testdata/metrics.json, which metrics.py beside it writes.
type fixture struct {
	Classes []struct {
		Outputs                int
		H                      []float32
		Actual                 []int
		Confusion              [][]int
		Accuracy               float64
		Macro, Micro, Weighted [3]float64
		Each                   [][3]float64
		AUC                    []float64
		MacroAUC               float64 `json:"macro_auc"`
	}
	Labels []struct {
		Outputs                int
		Threshold              float64
		H, Y                   []float32
		Accuracy, Hamming      float64
		Macro, Micro, Weighted [3]float64
		Each                   [][3]float64
		AUC                    []*float64
		MacroAUC               *float64 `json:"macro_auc"`
	}
	Quantities []struct {
		Outputs      int
		H, Y         []float64
		MSE, MAE, R2 []float64
		Mean         [3]float64
	}
}

func load(t *testing.T) (f fixture) {
	t.Helper()
	text, err := os.ReadFile("testdata/metrics.json")
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil || len(f.Classes) != 3 || len(f.Quantities) != 2 || len(f.Labels) != 3 {
		t.Fatalf("%d, %d and %d cases: %v", len(f.Classes), len(f.Quantities), len(f.Labels), err)
	}
	return f
}

// scikit-learn says the same of random predictions, with equal outputs among them and
// a class that is predicted and not there.
func TestClassesAsScikitLearn(t *testing.T) {
	for _, c := range load(t).Classes {
		got := OfConfusion(c.Confusion)
		near(t, "accuracy", got.Accuracy, c.Accuracy)
		nearScore(t, "macro", got.Macro, c.Macro)
		nearScore(t, "micro", got.Micro, c.Micro)
		nearScore(t, "weighted", got.Weighted, c.Weighted)
		for k, want := range c.Each {
			nearScore(t, "class", got.Each[k], want)
		}
		each, macro := AUCs(c.H, c.Outputs, c.Actual)
		for k, want := range c.AUC {
			near(t, "AUC", each[k], want)
		}
		for k := len(c.AUC); k < c.Outputs; k++ {
			if !math.IsNaN(each[k]) {
				t.Errorf("AUC of class %d, which is not there, is %v", k, each[k])
			}
		}
		near(t, "macro AUC", macro, c.MacroAUC)
		near(t, "top 1", TopK(c.H, c.Outputs, c.Actual, 1), c.Accuracy)
	}
}

// scikit-learn says the same of several labels at once, with labels among them that no example
// has, that all have, and that are never predicted, and of one example.
func TestLabelsAsScikitLearn(t *testing.T) {
	for _, c := range load(t).Labels {
		got := OfLabels(c.H, c.Y, c.Outputs, c.Threshold)
		near(t, "accuracy", got.Accuracy, c.Accuracy)
		near(t, "Hamming loss", got.Hamming, c.Hamming)
		nearScore(t, "macro", got.Macro, c.Macro)
		nearScore(t, "micro", got.Micro, c.Micro)
		nearScore(t, "weighted", got.Weighted, c.Weighted)
		each, macro := LabelAUCs(c.H, c.Y, c.Outputs)
		for k, want := range c.Each {
			nearScore(t, "label", got.Each[k], want)
			if c.AUC[k] == nil {
				if !math.IsNaN(each[k]) {
					t.Errorf("AUC of a label that all or none have is %v", each[k])
				}
				continue
			}
			near(t, "AUC", each[k], *c.AUC[k])
		}
		if c.MacroAUC == nil {
			if !math.IsNaN(macro) {
				t.Errorf("macro AUC of no label is %v", macro)
			}
			continue
		}
		near(t, "macro AUC", macro, *c.MacroAUC)
	}
}

func TestQuantitiesAsScikitLearn(t *testing.T) {
	for _, c := range load(t).Quantities {
		each, mean := Quantities(c.H, c.Y, c.Outputs)
		for k, q := range each {
			near(t, "MSE", q.MSE, c.MSE[k])
			near(t, "RMSE", q.RMSE, math.Sqrt(c.MSE[k]))
			near(t, "MAE", q.MAE, c.MAE[k])
			near(t, "R²", q.R2, c.R2[k])
		}
		near(t, "mean MSE", mean.MSE, c.Mean[0])
		near(t, "mean MAE", mean.MAE, c.Mean[1])
		near(t, "mean R²", mean.R2, c.Mean[2])
	}
}

// Two classes and a third that is not there, by hand: of class 0, 3 right, 1 taken for
// class 1; of class 1, 2 right, 2 taken for class 0.
func TestOfConfusionByHand(t *testing.T) {
	c := OfConfusion([][]int{{3, 1, 0}, {2, 2, 0}, {0, 0, 0}})
	for _, part := range []struct {
		what      string
		got, want float64
	}{
		{"accuracy", c.Accuracy, 5. / 8}, {"micro F1", c.Micro.F1, 5. / 8},
		{"precision of 0", c.Each[0].Precision, 3. / 5}, {"recall of 0", c.Each[0].Recall, 3. / 4}, {"F1 of 0", c.Each[0].F1, 6. / 9},
		{"precision of 1", c.Each[1].Precision, 2. / 3}, {"F1 of 1", c.Each[1].F1, 4. / 7}, {"F1 of 2", c.Each[2].F1, 0},
		{"macro recall", c.Macro.Recall, 5. / 8}, {"macro F1", c.Macro.F1, (6./9 + 4./7) / 2}, {"weighted precision", c.Weighted.Precision, 19. / 30},
	} {
		near(t, part.what, part.got, part.want)
	}
	if c.Support[0] != 4 || c.Predicted[0] != 5 || c.Support[2] != 0 {
		t.Errorf("support %v, predicted %v", c.Support, c.Predicted)
	}
	if empty := OfConfusion([][]int{{0, 0}, {0, 0}}); empty.Accuracy != 0 || empty.Macro.F1 != 0 {
		t.Errorf("of nothing: %+v", empty)
	}
}

// Ranks by hand: of (1, 2, 2, 3) positive at 2 and 3, the pairs are 2>1, 2=2, 3>1, 3>2:
// 3½ of 4.
func TestRankByHand(t *testing.T) {
	near(t, "AUC", AUC([]float32{1, 2, 2, 3}, []bool{false, true, false, true}), 3.5/4)
	for name, area := range map[string]float64{
		"no negative": AUC([]float32{1, 2}, []bool{true, true}), "no positive": AUC([]float32{1}, []bool{false}),
		"nothing": AUC(nil, nil), "NaN": AUC([]float32{1, float32(math.NaN())}, []bool{true, false}),
	} {
		if !math.IsNaN(area) {
			t.Errorf("AUC of %s is %v", name, area)
		}
	}
	each, macro := AUCs([]float32{0.1, 0.9, 0.4, 0.3}, 1, []int{0, 1, 1, 0})
	if len(each) != 2 || each[0] != 1 || each[1] != 1 || macro != 1 {
		t.Errorf("one output: %v, %v", each, macro)
	}
	h := []float32{3, 2, 1, 2, 2, 2, 1, 2, 3}
	for k, want := range map[int]float64{1: 0, 2: 1. / 3, 3: 1} {
		near(t, "top k", TopK(h, 3, []int{2, 1, 0}, k), want) // ranks 3, 2 of equals, 3
	}
}

func TestQuantitiesByHand(t *testing.T) {
	// h − y = (1, −1, 3), ȳ = 2, Σ (y−ȳ)² = 2
	each, _ := Quantities([]float64{2, 1, 6}, []float64{1, 2, 3}, 1)
	if q := each[0]; q.MSE != 11./3 || q.MAE != 5./3 || q.R2 != 1-11./2 {
		t.Errorf("%+v", q)
	}
	constant, _ := Quantities([]float64{0.1, 0, 0.1, 0, 0.1, 1}, []float64{0.1, 0, 0.1, 0, 0.1, 0}, 2)
	if constant[0].R2 != 1 || constant[1].R2 != 0 {
		t.Errorf("R² of constant labels: %+v", constant)
	}
}
