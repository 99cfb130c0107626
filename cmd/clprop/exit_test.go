package main

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// The exit codes that docs/cli.md lists are those that there are.
func TestExitCodesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	section := regexp.MustCompile(`(?s)## Exit codes\n.*?\n## `).Find(text)
	var codes []int
	for _, row := range regexp.MustCompile(`(?m)^\| ([0-9, ]+) \|`).FindAllStringSubmatch(string(section), -1) {
		for _, code := range regexp.MustCompile(`[0-9]+`).FindAllString(row[1], -1) {
			n, err := strconv.Atoi(code)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, n)
		}
	}
	want := []int{exitOK, exitFailure, exitUsage, exitNoDevice, exitBadFile, exitDiverged, exitMemory, exitHangup, exitInterrupt, exitTerminated, exitPipe}
	if !slices.Equal(codes, want) {
		t.Errorf("documented are %v, want %v", codes, want)
	}
}
