// SPDX-License-Identifier: Apache-2.0

// What reading refuses, and what it keeps, beyond the documents of tests/spec.

package spec_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"ocikit/spec"
)

// refused checks code, pointer and a part of the text of an error.
func refused(t *testing.T, err error, code spec.Code, pointer, text string) {
	t.Helper()
	var found *spec.Error
	if !errors.As(err, &found) {
		t.Fatalf("no *spec.Error: %v", err)
	}
	if found.Code != code || found.Pointer != pointer || !strings.Contains(found.Text, text) {
		t.Fatalf("found %s at %q: %s", found.Code, found.Pointer, found.Text)
	}
}

func TestRefusedProcesses(t *testing.T) {
	for _, test := range []struct {
		text    string
		code    spec.Code
		pointer string
		says    string
	}{
		{`{"CWD":"/"}`, spec.CodeRequired, "", `the required member "cwd" is missing`},
		{`{"cwd":"/","args":["a",5]}`, spec.CodeType, "/args/1", "expected a string, found the number 5"},
		{`{"cwd":"/","args":null}`, spec.CodeType, "/args", "expected an array of strings, found null"},
		{`{"cwd":"/","args":["a",]}`, spec.CodeSyntax, "/args/1", "expected a value"},
		{`{"cwd":"/","user":"x"}`, spec.CodeType, "/user", `expected an object, found the string "x"`},
		{`{"cwd":"/","user":{"uid":1.0}}`, spec.CodeType, "/user/uid", "an integer from 0 to 4294967295"},
		{`{"cwd":"/","user":{"uid":1e3}}`, spec.CodeType, "/user/uid", "found the number 1e3"},
		{`{"cwd":"/","user":{"uid":-0}}`, spec.CodeType, "/user/uid", "found the number -0"},
		{`{"cwd":"/","user":{"uid":4294967296}}`, spec.CodeRange, "/user/uid", "found the number 4294967296"},
		{`{"cwd":"/","user":{"uid":-1}}`, spec.CodeRange, "/user/uid", "found the number -1"},
		{`{"cwd":"/","user":{"uid":"0"}}`, spec.CodeType, "/user/uid", `found the string "0"`},
		{`{"cwd":"/","user":{"uid":{}}}`, spec.CodeType, "/user/uid", "found an object"},
		{`{"cwd":"/","user":{"additionalGids":[0,[]]}}`, spec.CodeType, "/user/additionalGids/1", "found an array"},
		{`{"cwd":"/","oomScoreAdj":-2147483649}`, spec.CodeRange, "/oomScoreAdj", "from -2147483648 to 2147483647"},
		{`{"cwd":"/","oomScoreAdj":-18446744073709551615}`, spec.CodeRange, "/oomScoreAdj", "found"},
		{`{"cwd":"/","oomScoreAdj":18446744073709551616}`, spec.CodeRange, "/oomScoreAdj", "found"},
		{`{"cwd":"/","terminal":"yes"}`, spec.CodeType, "/terminal", "expected true or false"},
		{`{"cwd":"/","terminal":tru}`, spec.CodeSyntax, "/terminal", `the word "tru"`},
		{`{"cwd":"/","scheduler":{"policy":"sched_other"}}`, spec.CodeEnum, "/scheduler/policy", `one of "SCHED_OTHER", `},
		{`{"cwd":"/","scheduler":{"policy":"SCHED_RR","flags":[""]}}`, spec.CodeEnum, "/scheduler/flags/0", `the string ""`},
		{`{"cwd":"/","scheduler":{"policy":3}}`, spec.CodeType, "/scheduler/policy", "found the number 3"},
		{`{"cwd":"/","rlimits":[{"type":"NOFILE","soft":0,"hard":0}]}`, spec.CodePattern, "/rlimits/0/type", "^RLIMIT_[A-Z]+$"},
		{`{"cwd":"/","cwd":"/"}`, spec.CodeDuplicateKey, "/cwd", `the member "cwd" stands twice`},
		{`{"cwd":"/","x":{"y":[{"a/b":1,"a\/b":2}]}}`, spec.CodeDuplicateKey, "/x/y/0/a~1b", "twice"},
		{`{"cwd":"/","~":1,"~":2}`, spec.CodeDuplicateKey, "/~0", "twice"},
		{`{"cwd":"/"} {}`, spec.CodeSyntax, "", "expected the end of the document"},
		{`{"cwd":"/"}"`, spec.CodeSyntax, "", "expected the end of the document"},
		{`{"cwd":"/"}"open`, spec.CodeSyntax, "", `found the string "open"`},
		{`{"cwd":"/"`, spec.CodeSyntax, "", "the text ends within an object"},
		{`{"cwd":"/`, spec.CodeSyntax, "/cwd", "ends within a string, which begins here"},
		{`{"cwd":"/\`, spec.CodeSyntax, "/cwd", "ends within a string"},
		{`{"cwd":"/\u00`, spec.CodeSyntax, "/cwd", "ends within a string"},
		{`{"cwd":"/\ud83d\u`, spec.CodeSyntax, "/cwd", "ends within a string"},
		{`{"cwd":"\u12g4"}`, spec.CodeSyntax, "/cwd", "four hexadecimal digits"},
		{`{"cwd":"\x"}`, spec.CodeSyntax, "/cwd", "an escape that JSON has"},
		{`{"cwd":-`, spec.CodeSyntax, "/cwd", "the text ends within a number"},
		{`{"cwd":"\ud800"}`, spec.CodeEncoding, "", "the first half of one alone"},
		{`{"cwd":"\ud800\ud800"}`, spec.CodeEncoding, "", "the first half of one alone"},
		{`{"cwd":"\udc00"}`, spec.CodeEncoding, "", "the second half of one alone"},
		{"{\"cwd\":\"\xff\"}", spec.CodeEncoding, "", "expected text in UTF-8"},
		{`{"cwd":"a\u0000"}`, spec.CodeEncoding, "", "text without NUL"},
		{"\xef\xbb\xbf{\"cwd\":\"/\"}", spec.CodeEncoding, "", "a byte order mark"},
		{``, spec.CodeSyntax, "", "the text is empty"},
		{`null`, spec.CodeType, "", "expected an object, found null"},
		{`[]`, spec.CodeType, "", "expected an object, found an array"},
	} {
		t.Run(test.text, func(t *testing.T) {
			x, err := spec.ParseProcess([]byte(test.text))
			refused(t, err, test.code, test.pointer, test.says)
			if x != nil {
				t.Fatal("a process was handed out")
			}
		})
	}
}

func TestRefusedMembersOfOtherTypes(t *testing.T) {
	_, err := spec.ParseRuntimeConfig([]byte(`{"ociVersion":"1.3.0","linux":{"seccomp":{
		"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":[],"action":"SCMP_ACT_LOG"}]}}}`))
	refused(t, err, spec.CodeTooFew, "/linux/seccomp/syscalls/0/names", "expected at least 1 item, found 0")
	_, err = spec.ParseRuntimeConfig([]byte(`{"ociVersion":"1.3.0","annotations":{"a/b":1}}`))
	refused(t, err, spec.CodeType, "/annotations/a~1b", "expected a string")
	_, err = spec.ParseRuntimeConfig([]byte(`{"ociVersion":"1.3.0","annotations":{"a":"","\u0061":""}}`))
	refused(t, err, spec.CodeDuplicateKey, "/annotations/a", "twice")
	_, err = spec.ParseRuntimeConfig([]byte(`{"ociVersion":"1.3.0","windows":{"layerFolders":[""],"credentialSpec":3}}`))
	refused(t, err, spec.CodeType, "/windows/credentialSpec", "expected an object, found the number 3")
	_, err = spec.ParseLinuxResources([]byte(`{"rdma":{"mlx":{"hcaHandles":"x"}}}`))
	refused(t, err, spec.CodeType, "/rdma/mlx/hcaHandles", "an integer")
	_, err = spec.ParseRepositoryList([]byte(`{}`))
	refused(t, err, spec.CodeRequired, "", "repositories")
}

func TestLimits(t *testing.T) {
	process := func(x string) []byte { return []byte(`{"cwd":"/","x":` + x + `}`) }
	for _, test := range []struct {
		name string
		most string
		more string
		code spec.Code
	}{
		{"depth", strings.Repeat("[", 63) + strings.Repeat("]", 63), strings.Repeat("[", 64) + strings.Repeat("]", 64), spec.CodeDepth},
		{"string", `"` + strings.Repeat("a", 1<<20) + `"`, `"` + strings.Repeat("a", 1<<20+1) + `"`, spec.CodeTooLarge},
		{"escaped string", `"` + strings.Repeat(`\n`, 1<<20) + `"`, `"` + strings.Repeat(`\n`, 1<<20+1) + `"`, spec.CodeTooLarge},
		{"number", strings.Repeat("1", 64), strings.Repeat("1", 65), spec.CodeTooLarge},
		{"values", "[" + strings.Repeat("0,", 999996) + "0]", "[" + strings.Repeat("0,", 999997) + "0]", spec.CodeTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			x, err := spec.ParseProcess(process(test.most))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := x.MarshalJSON(); err != nil {
				t.Fatal(err)
			}
			_, err = spec.ParseProcess(process(test.more))
			var found *spec.Error
			if !errors.As(err, &found) || found.Code != test.code || !strings.HasPrefix(found.Pointer, "/x") {
				t.Fatal(err)
			}
			x.Unknown["x"] = json.RawMessage(test.more)
			_, err = x.MarshalJSON()
			if !errors.As(err, &found) || found.Code != test.code || !strings.HasPrefix(found.Pointer, "/x") {
				t.Fatal(err)
			}
		})
	}
	_, err := spec.ParseImageIndex([]byte(`{"schemaVersion":2,"manifests":[]` + strings.Repeat(" ", 4<<20) + "}"))
	refused(t, err, spec.CodeTooLarge, "", "at most 4194304 bytes")
	_, err = spec.ParseProcess([]byte(`{"cwd":"/"` + strings.Repeat(" ", 16<<20) + "}"))
	refused(t, err, spec.CodeTooLarge, "", "at most 16777216 bytes")
	deep := `{"cwd":"/","x":` + strings.Repeat("[", 1000000)
	_, err = spec.ParseProcess([]byte(deep))
	refused(t, err, spec.CodeDepth, "/x"+strings.Repeat("/0", 63), "at most 64 levels")
}

func TestPointerIsBounded(t *testing.T) {
	name := strings.Repeat("a", 40000)
	_, err := spec.ParseProcess([]byte(`{"cwd":"/","` + name + `":{"` + name + `":?}}`))
	refused(t, err, spec.CodeSyntax, "/"+name, "expected a value")
}

func TestExactIntegers(t *testing.T) {
	x, err := spec.ParseLinuxResources([]byte(`{"memory":{"limit":-9223372036854775808,"swap":9223372036854775807},
		"cpu":{"shares":18446744073709551615,"period":9007199254740993}}`))
	if err != nil {
		t.Fatal(err)
	}
	if *x.Memory.Limit != math.MinInt64 || *x.Memory.Swap != math.MaxInt64 ||
		*x.CPU.Shares != math.MaxUint64 || *x.CPU.Period != 9007199254740993 {
		t.Fatalf("%+v %+v", x.Memory, x.CPU)
	}
	for _, text := range []string{"-9223372036854775809", "9223372036854775808", "18446744073709551615",
		"-18446744073709551616", "-99999999999999999999"} {
		_, err = spec.ParseLinuxResources([]byte(`{"memory":{"limit":` + text + `}}`))
		refused(t, err, spec.CodeRange, "/memory/limit", "found the number "+text)
	}
}

func TestNamesOfOtherCaseAreUnknown(t *testing.T) {
	x, err := spec.ParseProcess([]byte(`{"cwd":"/","noNewPrivileges":true,"NoNewPrivileges":false,"Args":[1]}`))
	if err != nil {
		t.Fatal(err)
	}
	if !*x.NoNewPrivileges || x.Args != nil || string(x.Unknown["NoNewPrivileges"]) != "false" ||
		string(x.Unknown["Args"]) != "[1]" {
		t.Fatalf("%+v", x)
	}
}

func TestAbsentAndEmpty(t *testing.T) {
	const text = `{"args":[],"commandLine":"","cwd":"","user":{},"rlimits":[]}`
	x, err := spec.ParseProcess([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if x.Args == nil || len(x.Args) != 0 || x.Env != nil || x.CommandLine != "" || x.Terminal != nil || x.User == nil {
		t.Fatalf("%+v", x)
	}
	if written, err := x.MarshalJSON(); err != nil || string(written) != text {
		t.Fatalf("%s %v", written, err)
	}
	x.CommandLine = "set"
	written, err := x.MarshalJSON()
	if err != nil || string(written) != `{"args":[],"commandLine":"set","cwd":"","user":{},"rlimits":[]}` {
		t.Fatalf("%s %v", written, err)
	}
}

func TestNulls(t *testing.T) {
	const text = `{"architecture":"","os":"linux","config":{"User":null,"Env":null,"Tty":null,"Healthcheck":null,"Memory":null},` +
		`"rootfs":{"diff_ids":[],"type":"layers"},"history":null}`
	x, err := spec.ParseDockerConfig([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if x.Config.Env != nil || x.Config.Tty != nil || string(x.Config.Unknown["Tty"]) != "null" || string(x.Unknown["history"]) != "null" {
		t.Fatalf("%+v", x.Config)
	}
	var first map[string]any
	written, err := x.MarshalJSON()
	if err != nil || json.Unmarshal(written, &first) != nil || !reflect.DeepEqual(value(t, written), value(t, []byte(text))) {
		t.Fatalf("%s %v", written, err)
	}
	x.Config.Tty = spec.Ptr(true)
	written, err = x.MarshalJSON()
	if err != nil || !strings.Contains(string(written), `"Tty":true`) || strings.Contains(string(written), `"Tty":null`) {
		t.Fatalf("%s %v", written, err)
	}
	_, err = spec.ParseDockerConfig([]byte(strings.Replace(text, `"os":"linux"`, `"os":null`, 1)))
	refused(t, err, spec.CodeType, "/os", "expected a string, found null")
}

func TestARequiredNull(t *testing.T) {
	x, err := spec.ParseTagList([]byte(`{"name":"","tags":null}`))
	if err != nil || x.Tags != nil {
		t.Fatal(err)
	}
	if written, err := x.MarshalJSON(); err != nil || string(written) != `{"name":"","tags":null}` {
		t.Fatalf("%s %v", written, err)
	}
	x.Unknown = nil
	_, err = x.MarshalJSON()
	refused(t, err, spec.CodeRequired, "", `"tags"`)
}

func TestUnmarshal(t *testing.T) {
	x := spec.Process{Cwd: "/old", Args: []string{"a"}}
	err := x.UnmarshalJSON([]byte(`{"cwd":"/new","args":[1]}`))
	refused(t, err, spec.CodeType, "/args/0", "expected a string")
	if x.Cwd != "/old" || len(x.Args) != 1 {
		t.Fatal("changed by a text that is refused")
	}
	if err := json.Unmarshal([]byte(`{"cwd":"/new"}`), &x); err != nil || x.Cwd != "/new" || x.Args != nil {
		t.Fatalf("%+v %v", x, err)
	}
	var wrapper struct{ Process *spec.Process }
	err = json.Unmarshal([]byte(`{"process":{"cwd":5}}`), &wrapper)
	refused(t, err, spec.CodeType, "/cwd", "expected a string")
	if err := json.Unmarshal([]byte(`null`), &x); err == nil {
		t.Fatal("null is no process")
	}
	data := []byte(`{"cwd":"/a","x":{"y":1}}`)
	if err := x.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	for i := range data {
		data[i] = 'z'
	}
	if x.Cwd != "/a" || string(x.Unknown["x"]) != `{"y":1}` {
		t.Fatal("the struct refers to the text that it was read from")
	}
}

func TestErrorText(t *testing.T) {
	_, err := spec.ParseProcess([]byte("{\"cwd\":\"/\",\n \"args\":[{}]}"))
	if err == nil || err.Error() != "/args/0: expected a string, found an object" {
		t.Fatal(err)
	}
	if offset := err.(*spec.Error).Offset; offset != 21 {
		t.Fatal(offset)
	}
	_, err = spec.ParseProcess([]byte(`{"cwd":"/","terminal":"` + strings.Repeat("é", 100) + `"}`))
	if err == nil || len(err.Error()) > 200 || !strings.HasSuffix(err.Error(), `é"...`) {
		t.Fatal(err)
	}
	var none *spec.Error
	if none.Error() == "" {
		t.Fatal("a nil error has a text too")
	}
}
