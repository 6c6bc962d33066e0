//go:build !linux

package objectstore

func host() system { return portable{} }
