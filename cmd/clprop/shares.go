package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/clprop/clprop/device"
	"github.com/spf13/cobra"
)

// parseShares reads "3,1"; nil for "".
func parseShares(text string) ([]float64, error) {
	if text == "" {
		return nil, nil
	}
	var shares []float64
	for _, part := range strings.Split(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || !(v > 0 && v <= math.MaxFloat32) { // so that NaN fails
			return nil, fmt.Errorf("is %q: need a number above 0 for each device, such as 3,1", text)
		}
		shares = append(shares, v)
	}
	return shares, nil
}

// keepShares refuses shares of one device, and keeps those that were measured with the run,
// so that --resume splits batches in the same way, to the same bits.
func (f *trainFlags) keepShares(cmd *cobra.Command, info device.Info) (err error) {
	if len(info.Members) == 0 {
		if f.shares != "" {
			return usage(cmd, "--shares %s is for several devices: --device names one", f.shares)
		}
		return nil
	}
	if f.run.folder == "" || f.shares != "" || info.Parallel != device.ParallelData {
		return nil
	}
	var parts []string
	for _, s := range info.Shares {
		parts = append(parts, strconv.FormatFloat(s, 'g', -1, 64))
	}
	f.run.given["shares"] = strings.Join(parts, ",")
	f.run.flags, err = json.Marshal(f.run.given)
	return err
}
