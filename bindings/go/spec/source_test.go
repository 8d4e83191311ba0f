// SPDX-License-Identifier: Apache-2.0

// What holds for the source of the package: comments as golint wants them, names, imports, and that
// the tests know every Parse function.

package spec_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	packages, err := parser.ParseDir(token.NewFileSet(), ".", func(info fs.FileInfo) bool {
		return !strings.HasSuffix(info.Name(), "_test.go")
	}, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return packages["spec"].Files
}

// missingComments gives the exported identifiers whose comment does not begin with their name.
func missingComments(file *ast.File) (found []string) {
	check := func(name *ast.Ident, doc *ast.CommentGroup) {
		if name.IsExported() && !strings.HasPrefix(doc.Text(), name.Name+" ") {
			found = append(found, name.Name)
		}
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			check(d.Name, d.Doc)
		case *ast.GenDecl:
			for _, one := range d.Specs {
				switch s := one.(type) {
				case *ast.TypeSpec:
					check(s.Name, d.Doc)
					if body, ok := s.Type.(*ast.StructType); ok {
						for _, field := range body.Fields.List {
							for _, name := range field.Names {
								if s.Name.IsExported() {
									check(name, field.Doc)
								}
							}
						}
					}
				case *ast.ValueSpec:
					if d.Doc == nil && s.Names[0].IsExported() {
						found = append(found, s.Names[0].Name)
					}
				}
			}
		}
	}
	return found
}

func TestExportedIdentifiersAreDescribed(t *testing.T) {
	for name, file := range sources(t) {
		for _, identifier := range missingComments(file) {
			t.Errorf("%s: %s has no comment that begins with it", name, identifier)
		}
	}
}

func TestNames(t *testing.T) {
	odd := regexp.MustCompile(`(?i)[^0-9]_.|_[^0-9]|swig`) // golint lets digits be parted
	for name, file := range sources(t) {
		ast.Inspect(file, func(node ast.Node) bool {
			if identifier, ok := node.(*ast.Ident); ok && odd.MatchString(identifier.Name) {
				t.Errorf("%s: %s", name, identifier.Name)
			}
			return true
		})
		for _, one := range file.Imports {
			if strings.ContainsAny(one.Path.Value, ".") || one.Path.Value == `"unsafe"` || one.Path.Value == `"C"` {
				t.Errorf("%s imports %s", name, one.Path.Value)
			}
		}
	}
}

func TestAllParseFunctionsAreTested(t *testing.T) {
	count := 0
	for _, file := range sources(t) {
		for _, declaration := range file.Decls {
			if d, ok := declaration.(*ast.FuncDecl); ok && strings.HasPrefix(d.Name.Name, "Parse") {
				count++
			}
		}
	}
	if count != len(kinds) {
		t.Errorf("%d Parse functions, and %d are in the table", count, len(kinds))
	}
}

// Every file is in every build: its name must not end in that of a system or processor.
func TestNoFileIsForOneSystem(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if regexp.MustCompile(`_(linux|windows|freebsd|solaris|zos|amd64|arm64)(_test)?\.go$`).MatchString(entry.Name()) {
			t.Error(entry.Name())
		}
	}
}
