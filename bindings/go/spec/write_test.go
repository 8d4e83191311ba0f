// SPDX-License-Identifier: Apache-2.0

// What writing makes of a struct, and what it refuses: all that could not be read back.

package spec_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"ocikit/spec"
)

func TestWrittenText(t *testing.T) {
	x := spec.RuntimeConfig{
		OCIVersion:  "1.3.0",
		Annotations: map[string]string{"b": "<&>", "a": "\u2028é\U0001f600", "": "\"\\\b\f\n\r\t\x01/\x7f"},
		Process: &spec.Process{
			Cwd:             "/",
			Terminal:        spec.Ptr(false),
			OOMScoreAdj:     spec.Ptr(int32(-7)),
			NoNewPrivileges: spec.Ptr(true),
			User:            &spec.User{UID: spec.Ptr(uint32(0)), AdditionalGIDs: []uint32{4, 5}},
			Scheduler:       &spec.Scheduler{Policy: spec.SchedulerPolicyRR},
		},
		Unknown: map[string]json.RawMessage{"z": json.RawMessage(" [ 1.0 , \"<\\u0041\" , { } ] "), "y": json.RawMessage("1e400")},
	}
	const want = `{"ociVersion":"1.3.0",` +
		`"annotations":{"":"\"\\\b\f\n\r\t\u0001/` + "\x7f" + `","a":"` + "\u2028é\U0001f600" + `","b":"<&>"},` +
		`"process":{"cwd":"/","terminal":false,"user":{"uid":0,"additionalGids":[4,5]},"oomScoreAdj":-7,` +
		`"noNewPrivileges":true,"scheduler":{"policy":"SCHED_RR"}},"y":1e400,"z":[1.0,"<\u0041",{}]}`
	text, err := x.MarshalJSON()
	if err != nil || string(text) != want {
		t.Fatalf("%v\n%s\n%s", err, text, want)
	}
	again, err := spec.ParseRuntimeConfig(text)
	if err != nil {
		t.Fatal(err)
	}
	x.Unknown["z"] = json.RawMessage(`[1.0,"<\u0041",{}]`)
	if !reflect.DeepEqual(again, &x) {
		t.Fatalf("%+v", again)
	}
}

func TestRefusedStructs(t *testing.T) {
	process := func(change func(x *spec.Process)) *spec.Process {
		x := &spec.Process{Cwd: "/"}
		change(x)
		return x
	}
	unknown := func(name, text string) *spec.Process {
		return process(func(x *spec.Process) { x.Unknown = map[string]json.RawMessage{name: json.RawMessage(text)} })
	}
	for name, test := range map[string]struct {
		x       json.Marshaler
		code    spec.Code
		pointer string
	}{
		"enum":       {process(func(x *spec.Process) { x.Scheduler = &spec.Scheduler{Policy: "other"} }), spec.CodeEnum, "/scheduler/policy"},
		"unset enum": {process(func(x *spec.Process) { x.Scheduler = &spec.Scheduler{} }), spec.CodeRequired, "/scheduler"},
		"enum in a list": {process(func(x *spec.Process) {
			x.Scheduler = &spec.Scheduler{Policy: "SCHED_RR", Flags: []spec.SchedulerFlag{""}}
		}), spec.CodeEnum, "/scheduler/flags/0"},
		"pattern":         {process(func(x *spec.Process) { x.Rlimits = []spec.Rlimit{{}} }), spec.CodePattern, "/rlimits/0/type"},
		"range":           {&spec.Hook{Path: "/", Timeout: spec.Ptr(int32(0))}, spec.CodeRange, "/timeout"},
		"unsigned range":  {&spec.ImageIndex{Manifests: []spec.Descriptor{}}, spec.CodeRange, "/schemaVersion"},
		"missing list":    {&spec.ImageIndex{SchemaVersion: 2}, spec.CodeRequired, ""},
		"too few":         {&spec.SeccompSyscall{Names: []string{}, Action: spec.SeccompActionLog}, spec.CodeTooFew, "/names"},
		"no UTF-8":        {process(func(x *spec.Process) { x.Args = []string{"a", "\xff"} }), spec.CodeEncoding, "/args/1"},
		"half a pair":     {process(func(x *spec.Process) { x.Args = []string{"\xed\xa0\x80"} }), spec.CodeEncoding, "/args/0"},
		"NUL":             {process(func(x *spec.Process) { x.CommandLine = "a\x00" }), spec.CodeEncoding, "/commandLine"},
		"long":            {process(func(x *spec.Process) { x.Cwd = strings.Repeat("a", 1<<20+1) }), spec.CodeTooLarge, "/cwd"},
		"key":             {&spec.RuntimeConfig{Annotations: map[string]string{"a\x00": ""}}, spec.CodeEncoding, "/annotations/a\x00"},
		"value":           {&spec.RuntimeConfig{Annotations: map[string]string{"a": "\x80"}}, spec.CodeEncoding, "/annotations/a"},
		"map of structs":  {&spec.Linux{NetDevices: map[string]spec.NetDevice{"eth0": {Name: "\x80"}}}, spec.CodeEncoding, "/netDevices/eth0/name"},
		"unknown name":    {unknown("\xff", "1"), spec.CodeEncoding, "/\xff"},
		"known name":      {unknown("env", "[]"), spec.CodeInvalidArgument, "/env"},
		"null of another": {unknown("commandLine", "null"), spec.CodeInvalidArgument, "/commandLine"},
		"empty of cwd":    {unknown("cwd", `""`), spec.CodeInvalidArgument, "/cwd"},
		"no text":         {unknown("x", ""), spec.CodeSyntax, "/x"},
		"blanks":          {unknown("x", " \n"), spec.CodeSyntax, "/x"},
		"two values":      {unknown("x", "1 2"), spec.CodeSyntax, "/x"},
		"no JSON":         {unknown("x", "[1,]"), spec.CodeSyntax, "/x/1"},
		"member":          {unknown("x", `1,"y":2`), spec.CodeSyntax, "/x"},
		"end of object":   {unknown("x", `1}`), spec.CodeSyntax, "/x"},
		"twice":           {unknown("x", `{"a":1,"a":1}`), spec.CodeDuplicateKey, "/x/a"},
		"deep":            {unknown("x", strings.Repeat("[", 64)+strings.Repeat("]", 64)), spec.CodeDepth, "/x" + strings.Repeat("/0", 63)},
		"escape":          {unknown("x", `"\ud800"`), spec.CodeEncoding, "/x"},
		"raw object":      {&spec.Windows{LayerFolders: []string{""}, CredentialSpec: json.RawMessage("[]")}, spec.CodeType, "/credentialSpec"},
		"map of raw":      {&spec.ImageExecution{ExposedPorts: map[string]json.RawMessage{"80/tcp": nil}}, spec.CodeSyntax, "/ExposedPorts/80~1tcp"},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := test.x.MarshalJSON()
			refused(t, err, test.code, test.pointer, "")
			if text != nil {
				t.Fatal("a text was handed out")
			}
			_, err = json.Marshal(test.x)
			refused(t, err, test.code, test.pointer, "")
		})
	}
}

func TestTooLargeToWrite(t *testing.T) {
	x := spec.ImageIndex{SchemaVersion: 2, Manifests: []spec.Descriptor{}, Annotations: map[string]string{}}
	for i := 0; i < 5; i++ {
		x.Annotations[fmt.Sprint(i)] = strings.Repeat("a", 1<<20)
	}
	_, err := x.MarshalJSON()
	refused(t, err, spec.CodeTooLarge, "", "at most 4194304 bytes")
}

// encoding/json does not find the method of a value without an address, and would lose Unknown.
func TestValuesAreNotMarshalled(t *testing.T) {
	x := spec.Process{Cwd: "/"}
	for name, v := range map[string]any{"value": x, "map": map[string]spec.Process{"a": x}, "struct": struct{ P spec.Process }{x}} {
		if text, err := json.Marshal(v); err == nil || !strings.Contains(err.Error(), "through a pointer only") {
			t.Errorf("%s: %s %v", name, text, err)
		}
	}
	for name, v := range map[string]any{"pointer": &x, "map": map[string]*spec.Process{"a": &x}, "slice": []spec.Process{x},
		"struct": &struct{ P spec.Process }{x}} {
		if text, err := json.Marshal(v); err != nil || !strings.Contains(string(text), `{"cwd":"/"}`) {
			t.Errorf("%s: %s %v", name, text, err)
		}
	}
}

// structs gives a pointer type for each struct that can be reached from the documents.
func structs() map[reflect.Type]bool {
	found := map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			visit(t.Elem())
		case reflect.Struct:
			pointer := reflect.PointerTo(t)
			if found[pointer] || !pointer.Implements(reflect.TypeOf((*document)(nil)).Elem()) {
				return
			}
			found[pointer] = true
			for i := 0; i < t.NumField(); i++ {
				visit(t.Field(i).Type)
			}
		}
	}
	for _, kind := range kinds {
		visit(reflect.TypeOf(kind.fresh()))
	}
	return found
}

func TestNilAndZeroOfAllStructs(t *testing.T) {
	all := structs()
	if len(all) < 90 {
		t.Fatalf("only %d structs", len(all))
	}
	for pointer := range all {
		none := reflect.Zero(pointer).Interface().(document)
		if text, err := none.MarshalJSON(); err != nil || string(text) != "null" {
			t.Errorf("%s: %s %v", pointer, text, err)
		}
		if text, err := json.Marshal(none); err != nil || string(text) != "null" {
			t.Errorf("%s: %s %v", pointer, text, err)
		}
		refused(t, none.UnmarshalJSON([]byte("{}")), spec.CodeInvalidArgument, "", "nil")
		zero := reflect.New(pointer.Elem()).Interface().(document)
		empty := reflect.New(pointer.Elem()).Interface().(document)
		text, err := zero.MarshalJSON()
		if err == nil {
			if err := empty.UnmarshalJSON(text); err != nil || !reflect.DeepEqual(zero, empty) {
				t.Errorf("%s: %s %v", pointer, text, err)
			}
		} else {
			refused(t, err, err.(*spec.Error).Code, err.(*spec.Error).Pointer, "")
		}
		for _, text := range []string{"", "{}", "null", "[]", "0", `{"a":`} {
			_ = empty.UnmarshalJSON([]byte(text))
		}
	}
}

func TestPtr(t *testing.T) {
	n := 5
	p := spec.Ptr(n)
	n++
	if *p != 5 {
		t.Fatal(*p)
	}
}
