package main

import (
	"strings"
	"testing"
)

const birds = "species,mass,site,year\nauk,10,north,2001\nauk,,south,2001\nowl,30,north,2001\nowl,20,,2001\n"

func TestInspect(t *testing.T) {
	path := write(t, "birds.csv", birds)
	got := clprop(t, "inspect", path, "--label", "species").succeeded(t).stdout
	for _, want := range []string{
		path + ": 4 rows, 4 columns\n",
		"species  category, label  0        2                                  auk 2, owl 2\n",
		"mass     number           1        3         10    30    20    8.165\n", // √((100 + 100 + 0)/3)
		"site     category         1        2                                  north 2, south 1\n",
		"constant columns, which say nothing: year\n",
		"columns with missing values: mass, site; train fills them in with --missing median, mean or a number\n",
		"task: classification\n2 classes: auk 2, owl 2\n",
		"to mend before training: " + path + `: line 3, column "mass": the value is missing`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("stdout\n%swant %q", got, want)
		}
	}
	o := clpropWith(t, t.Context(), birds, "inspect", "-", "--label", "mass", "--json").succeeded(t)
	var v inspectJSON
	unpack(t, o.stdout, &v)
	if v.Schema != schemaVersion || v.Source != "-" || v.Rows != 4 || len(v.Columns) != 4 || v.Columns[1].Missing != 1 ||
		!v.Columns[1].Label || *v.Columns[1].Mean != 20 || v.Columns[0].Mean != nil || len(v.Constant) != 1 {
		t.Errorf("%+v", v)
	}
	for args, want := range map[string]string{
		"inspect":                              "no file: name one",
		"inspect a b":                          "more than one file",
		"inspect " + path + " --task guess":    "--task is",
		"inspect " + path + " --image-size 5":  "--image-size is",
		"inspect " + path + " --format word":   "--format is",
		"inspect " + path + " --labels y.idx1": "--labels goes with",
	} {
		if o := clprop(t, strings.Fields(args)...); o.code != exitUsage || !strings.Contains(o.stderr, want) {
			t.Errorf("%s: exit code %d, %s", args, o.code, o.stderr)
		}
	}
	if o := clprop(t, "inspect", "none.csv"); o.code != exitBadFile {
		t.Errorf("no file: exit code %d", o.code)
	}
}

func TestInspectImages(t *testing.T) {
	got := clprop(t, "inspect", idxFolderOf(t, 40, 10)).succeeded(t).stdout
	if !strings.Contains(got, "40 images of ") || !strings.Contains(got, "pixels from ") || !strings.Contains(got, "task: classification\n") {
		t.Errorf("stdout %s", got)
	}
}
