package data_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/clprop/clprop/trainer/data"
)

// From a table to training and validation examples: rows are held back first,
// and the preprocessing learns from the others.
func Example() {
	const file = `age,smoker,ill
20,no,no
30,no,no
40,yes,yes
50,yes,yes
60,no,yes
70,no,no
`
	t, err := data.ReadCSV("-", data.Options{Stdin: strings.NewReader(file)})
	if err != nil {
		log.Fatal(err)
	}
	train, validation, err := t.Split(nil, 1.0/3, 1)
	if err != nil {
		log.Fatal(err)
	}
	p, err := t.Fit(train, data.FitOptions{})
	if err != nil {
		log.Fatal(err)
	}
	all, err := t.Set(p)
	if err != nil {
		log.Fatal(err)
	}
	a, b := all.Subset(train), all.Subset(validation)
	fmt.Println(a.Rows, "rows to train,", b.Rows, "to validate")
	fmt.Println(p.Features(), "inputs, classes", p.Classes)
	// Output:
	// 4 rows to train, 2 to validate
	// 3 inputs, classes [no yes]
}

// A model's preprocessing takes raw rows: without the label, in any order.
func ExampleTable_Set() {
	p := &data.Preprocess{
		Columns: []data.Column{
			{Name: "age", Kind: data.Number, Mean: 40, Std: 10},
			{Name: "smoker", Kind: data.Category, Categories: []string{"no", "yes"}},
		},
		Classes: []string{"healthy", "ill"},
	}
	file := strings.NewReader("smoker,age\nyes,45\nno,20\n")
	t, err := data.ReadCSV("-", data.Options{Stdin: file})
	if err != nil {
		log.Fatal(err)
	}
	s, err := t.Set(p)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.X)
	// Output: [0.5 0 1 -2 1 0]
}

func ExampleDigits() {
	s, p, err := data.Digits()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Rows, "images of", p.Image.Width, "×", p.Image.Height)
	for y := range p.Image.Height {
		fmt.Print("|")
		for x := range p.Image.Width {
			fmt.Printf("%c", " .:*#"[int(4*s.X[y*p.Image.Width+x])])
		}
		fmt.Println("|")
	}
	fmt.Println("class", p.Classes[s.Label(0)])
	// Output:
	// 1797 images of 8 × 8
	// |  .*:   |
	// |  **:*. |
	// |  *  :: |
	// | .*  :: |
	// | .:  :: |
	// | .:  *. |
	// |  *.:*  |
	// |  .*:   |
	// class 0
}

func ExampleSet_Split() {
	s, _, err := data.Digits()
	if err != nil {
		log.Fatal(err)
	}
	train, validation, err := s.Split(0.2, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(train.Rows, validation.Rows)
	// Output: 1438 359
}
