package config

import "fmt"

// Kind is the layer that a value came from; a later layer wins over an earlier one.
type Kind int

// The layers, lowest first.
const (
	Default     Kind = iota // the built-in value
	File                    // dwh.yaml
	Environment             // a DWH_ variable
	Flag                    // the command line
)

// Origin says where a value came from.
type Origin struct {
	Kind Kind   // the layer; the zero value is Default
	Name string // the file's path, the variable's or the flag's name
	Line int    // in the file, 1-based
}

// String returns "default", "/path/dwh.yaml:3", "DWH_SONG_DATA" or "--song-data".
func (o Origin) String() string {
	switch o.Kind {
	case File:
		return fmt.Sprintf("%s:%d", o.Name, o.Line)
	case Environment, Flag:
		return o.Name
	default:
		return "default"
	}
}
