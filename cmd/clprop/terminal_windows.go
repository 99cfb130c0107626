package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// terminalColumns asks for the size of the window, which is an error for
// everything but a console.
func terminalColumns(f *os.File) (int, error) {
	var info windows.ConsoleScreenBufferInfo
	if err := windows.GetConsoleScreenBufferInfo(windows.Handle(f.Fd()), &info); err != nil {
		return 0, err
	}
	return int(info.Window.Right - info.Window.Left + 1), nil
}
