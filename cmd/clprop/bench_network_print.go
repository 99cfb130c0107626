package main

import (
	"fmt"
	"strings"
	"time"
)

// table lays out what bench --network found.
func (n *benchNetworkJSON) table() string {
	var text strings.Builder
	if n.Library != "" {
		fmt.Fprintf(&text, "%d ranks on %s, %s, each on %s\n", n.Ranks, plural(n.Machines, "machine"), n.Library, n.Device)
		rows := [][]string{{"sum of", "takes", "bandwidth"}}
		for _, s := range n.Sums {
			rows = append(rows, []string{quantity(float64(s.Bytes)) + "B", brief(s.Seconds), quantity(s.Bandwidth) + "B/s"})
		}
		writeColumns(&text, rows, 1)
		fmt.Fprintln(&text)
	}
	for _, r := range n.Results {
		m := r.Model
		fmt.Fprintf(&text, "%s, batch %d: %sFLOPS, copies %sB/s, update %sB/s, network %sB/s, latency %s\n",
			r.Net, r.Batch, quantity(m.FLOPS), quantity(m.Copy), quantity(m.Update), quantity(m.Bandwidth), brief(m.Latency))
		if r.Measured != nil {
			fmt.Fprintf(&text, "  a step on %d ranks: %s measured, %s predicted (%+.0f%%); sums %s, %.0f%% hidden\n",
				n.Ranks, brief(r.Measured.Seconds), brief(r.Predicted.Seconds), 100*(r.Predicted.Seconds/r.Measured.Seconds-1),
				brief(r.Measured.Sums), 100*(1-r.Measured.Waited/max(r.Measured.Sums, 1e-12)))
		}
		if s := r.Shared; s != nil {
			fmt.Fprintf(&text, "  on one memory: %s, %.2f times as fast as one rank alone (%s); %s of it waiting for others\n",
				brief(s.Seconds), r.One.Seconds/s.Seconds, brief(r.One.Seconds), brief(s.Waited))
		}
		rows := [][]string{{"ranks", "a step", "speed-up", "half of ideal from batch", "80% from batch"}}
		for _, s := range r.Scale {
			rows = append(rows, []string{fmt.Sprint(s.Ranks), brief(s.Seconds), fmt.Sprintf("%.2f", s.Speedup), orNone(s.HalfFrom), orNone(s.MostFrom)})
		}
		writeColumns(&text, rows, 0)
		fmt.Fprintln(&text)
	}
	fmt.Fprintln(&text, "A step of other numbers of ranks is the model's, if each had such a device and the network were the same.")
	return text.String()
}

// brief writes seconds to three digits.
func brief(seconds float64) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "µs"}} {
		if v := seconds / unit.of.Seconds(); v >= 1 || unit.of == time.Microsecond {
			return fmt.Sprintf("%.3g %s", v, unit.name)
		}
	}
	return ""
}

func orNone(batch int) string {
	if batch == 0 {
		return "—"
	}
	return fmt.Sprint(batch)
}
