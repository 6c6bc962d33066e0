//go:build !unix

package config

import "io/fs"

// trusted believes every file: access is governed by lists there, not by owner and mode.
func trusted(string, fs.FileInfo) error { return nil }
