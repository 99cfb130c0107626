// Package metrics says how good predictions are, once they are on the host: plain
// functions of numbers, which know no network, device or file.
//
// # Classes
//
// A confusion matrix C counts in C[i][k] the examples of class i taken for class k.
// Of class k, with TP = C[k][k], FN the rest of its row and FP the rest of its column:
//
//	precision  TP/(TP + FP)      what is taken for k and is k
//	recall     TP/(TP + FN)      what is k and taken for k
//	F1         2 TP/(2 TP + FP + FN), the harmonic mean of the two
//
// and over classes: macro is the mean, weighted the mean weighted by examples, micro
// the same formulas of the sums of TP, FP and FN, which for one class an example is the
// accuracy. Source: M. Sokolova and G. Lapalme, "A systematic analysis of performance
// measures for classification tasks", Inf. Process. Manage. 45 (2009), table 3. What has
// nothing to divide by is 0, and a class that is neither there nor predicted has no part
// in a mean: scikit-learn's conventions, which the tests compare with.
//
// [AUC] and [TopK] need the outputs h themselves.
//
// # Labels
//
// Where an example may have several labels at once, [OfLabels] has the same scores of each
// label, a yes or no by itself, and of all of them
//
//	accuracy  the share of examples of which every label is right
//	Hamming   the share of labels, of all examples, that are wrong
//
// Here a label that is neither there nor predicted has F1 0 in the macro mean, as in
// scikit-learn, which knows of it by its column.
//
// # Quantities
//
// [Quantities] of outputs h and labels y over n examples:
//
//	MSE (1/n) Σ (h − y)²    RMSE √MSE    MAE (1/n) Σ |h − y|
//	R²  1 − Σ (h − y)²/Σ (y − ȳ)²
//
// in the units that h and y are in.
//
// # What may live here
//
// Numbers about predictions that were made. The loss that is minimised is package
// cpuref's, and is computed on the device.
package metrics
