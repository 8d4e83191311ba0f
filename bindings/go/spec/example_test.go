// SPDX-License-Identifier: Apache-2.0

package spec_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"ocikit/spec"
)

// Reading a configuration, changing it and writing it: what the schema does not name stays.
func ExampleParseRuntimeConfig() {
	config, err := spec.ParseRuntimeConfig([]byte(`{
		"ociVersion": "1.3.0",
		"root": {"path": "rootfs"},
		"x-vendor": {"kept": true}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	config.Root.Readonly = spec.Ptr(true)
	config.Linux = &spec.Linux{
		Namespaces: []spec.LinuxNamespace{{Type: spec.NamespaceTypePID}, {Type: spec.NamespaceTypeMount}},
	}
	text, err := config.MarshalJSON()
	fmt.Println(string(text), err)
	// Output:
	// {"ociVersion":"1.3.0","root":{"path":"rootfs","readonly":true},"linux":{"namespaces":[{"type":"pid"},{"type":"mount"}]},"x-vendor":{"kept":true}} <nil>
}

// An error says what is wrong, and where.
func ExampleError() {
	_, err := spec.ParseProcess([]byte(`{"cwd": "/", "user": {"uid": -1}}`))
	var refused *spec.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Code)
		fmt.Println(refused.Pointer)
		fmt.Println(refused.Text)
		fmt.Println(refused.Offset)
	}
	// Output:
	// range
	// /user/uid
	// expected an integer from 0 to 4294967295, found the number -1
	// 29
}

// Structs go with encoding/json, by their pointers.
func ExampleProcess_UnmarshalJSON() {
	var request struct {
		ID      string
		Process *spec.Process
	}
	err := json.Unmarshal([]byte(`{"ID": "c1", "Process": {"cwd": "/", "args": ["id"]}}`), &request)
	fmt.Println(request.Process.Args, err)
	err = json.Unmarshal([]byte(`{"ID": "c1", "Process": {"cwd": "/", "args": "id"}}`), &request)
	fmt.Println(err)
	// Output:
	// [id] <nil>
	// /args: expected an array of strings, found the string "id"
}

// Optional members that are numbers, booleans or objects are pointers.
func ExamplePtr() {
	limit := spec.LinuxResources{Memory: &spec.LinuxMemory{Limit: spec.Ptr(int64(64 << 20))}}
	text, err := limit.MarshalJSON()
	fmt.Println(string(text), err)
	// Output:
	// {"memory":{"limit":67108864}} <nil>
}
