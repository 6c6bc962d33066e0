package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The packages that carry out a run, and what keeps them readable.
var runPackages = []string{"model", "load", "publish", "gate", "journal", "transform"}

const (
	longestFile = 350 // lines
	mostFields  = 12  // of a struct
)

// fieldsReason begins the sentence in a struct's comment that says why it has more than mostFields
// fields.
const fieldsReason = "fields:"

// sourceFiles are the files of the packages that carry out a run, without their tests.
func sourceFiles(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, name := range runPackages {
		files, err := filepath.Glob(filepath.Join("../../internal", name, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("files of package %s: got %d, %v", name, len(files), err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				out = append(out, file)
			}
		}
	}
	return out
}

// TestFileLength keeps a file to one idea.
func TestFileLength(t *testing.T) {
	t.Parallel()
	for _, path := range sourceFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(text, []byte("\n")); lines > longestFile {
			t.Errorf("%s: got %d lines, want at most %d: look for two files", path, lines, longestFile)
		}
	}
}

// TestStructFields keeps structs small: one of many fields says why in its comment, or groups them
// into types that mean something.
func TestStructFields(t *testing.T) {
	t.Parallel()
	for _, path := range sourceFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range largeStructs(t, path, text) {
			t.Errorf("%s has %d fields, want at most %d: group them, or say why after %q in its comment",
				s.name, s.fields, mostFields, fieldsReason)
		}
	}
}

// largeStruct is a struct of many fields whose comment does not say why.
type largeStruct struct {
	name   string
	fields int
}

func largeStructs(t *testing.T, path string, text []byte) []largeStruct {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var out []largeStruct
	ast.Inspect(file, func(node ast.Node) bool {
		declaration, ok := node.(*ast.GenDecl)
		if !ok {
			return true
		}
		for _, spec := range declaration.Specs {
			named, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			structure, ok := named.Type.(*ast.StructType)
			if !ok {
				continue
			}
			comment := declaration.Doc.Text() + named.Doc.Text()
			if fields := structure.Fields.NumFields(); fields > mostFields && !strings.Contains(comment, fieldsReason) {
				out = append(out, largeStruct{named.Name.Name, fields})
			}
		}
		return true
	})
	return out
}

// TestLargeStructs shows which structs TestStructFields refuses.
func TestLargeStructs(t *testing.T) {
	t.Parallel()
	const thirteen = " struct {\n\ta, b, c, d, e, f, g, h, i, j, k, l int\n\tm string\n}\n"
	for _, c := range []struct {
		text string
		want int
	}{
		{"package p\n\ntype small struct{ a, b, c int }\n", 0},
		{"package p\n\n// large has many.\ntype large" + thirteen, 1},
		{"package p\n\n// row is a row of dwh_x.\n//\n// fields: one for each column.\ntype row" + thirteen, 0},
		{"package p\n\ntype (\n\t// large has many.\n\tlarge" + thirteen + ")\n", 1},
	} {
		if got := largeStructs(t, "case.go", []byte(c.text)); len(got) != c.want {
			t.Errorf("got %v, want %d structs, of\n%s", got, c.want, c.text)
		}
	}
}
