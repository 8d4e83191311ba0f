// SPDX-License-Identifier: Apache-2.0

// The cases of tests/bindings/cases.json in Go: cases CASES ROOTFS STATE ID prints one JSON object a
// case, in their order. Says what happens, and judges nothing.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"syscall"

	"ocikit"
)

type testCase struct {
	Name, Op, Kind, Text, Other, Pointer, Value, Unknown string
	Ignore, Args                                         []string
	Change                                               map[string]json.RawMessage
}

type table struct {
	Documents, Containers []testCase
}

type result map[string]any

func options(c testCase) *ocikit.CheckOptions {
	unknown := map[string]ocikit.Unknown{"refuse": ocikit.UnknownRefuse, "suggest": ocikit.UnknownSuggest}
	return &ocikit.CheckOptions{Unknown: unknown[c.Unknown], Ignore: c.Ignore}
}

func refusal(err error, document bool) result {
	var e *ocikit.Error
	if !errors.As(err, &e) {
		log.Fatal(err)
	}
	if !document {
		return result{"code": e.Code, "pointer": e.Pointer, "id": e.ContainerID}
	}
	if e.Code == "not_found" {
		return result{"code": e.Code}
	}
	return result{"code": e.Code, "pointer": e.Pointer, "line": e.Line, "column": e.Column}
}

func check(c testCase) result {
	findings, err := ocikit.Check(c.Kind, []byte(c.Text), options(c))
	if err != nil {
		log.Fatal(err)
	}
	rows := [][]any{}
	for _, f := range findings {
		rows = append(rows, []any{f.Rule, f.Pointer, f.Line, f.Column})
	}
	return result{"findings": rows}
}

func differences(c testCase, d *ocikit.Document) result {
	other, err := ocikit.Parse(c.Kind, []byte(c.Other), options(c))
	if err != nil {
		log.Fatal(err)
	}
	defer other.Close()
	found, err := d.Diff(other)
	if err != nil {
		log.Fatal(err)
	}
	pointers := []string{}
	for _, one := range found {
		pointers = append(pointers, one.Pointer)
	}
	return result{"differences": pointers}
}

func document(c testCase) result {
	switch c.Op {
	case "detect":
		return result{"text": ocikit.Detect([]byte(c.Text))}
	case "check":
		return check(c)
	}
	d, err := ocikit.Parse(c.Kind, []byte(c.Text), options(c))
	if err != nil {
		return refusal(err, true)
	}
	defer d.Close()
	pointer := ""
	switch c.Op {
	case "diff":
		return differences(c, d)
	case "get":
		pointer = c.Pointer
	case "set":
		err = d.Set(c.Pointer, json.RawMessage(c.Value))
	case "remove":
		err = d.Remove(c.Pointer)
	}
	if err != nil {
		return refusal(err, true)
	}
	text, err := d.Get(pointer, ocikit.Canonical)
	if err != nil {
		return refusal(err, true)
	}
	return result{"text": string(text)}
}

// configuration is the default one with the case's changes.
func configuration(c testCase, rootfs string) []byte {
	config, err := ocikit.DefaultConfig(rootfs, c.Args...)
	if err != nil {
		log.Fatal(err)
	}
	text, err := config.MarshalJSON()
	if err != nil {
		log.Fatal(err)
	}
	d, err := ocikit.Parse("runtime-config", text, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()
	for pointer, value := range c.Change {
		if err := d.Set(pointer, value); err != nil {
			log.Fatal(err)
		}
	}
	text, err = d.Get("", ocikit.Compact)
	if err != nil {
		log.Fatal(err)
	}
	return text
}

func run(r *ocikit.Runtime, id string, config []byte) result {
	var out bytes.Buffer
	status, err := r.Run(context.Background(), id, &ocikit.RunOptions{CreateOptions: ocikit.CreateOptions{ConfigJSON: config, Stdout: &out}})
	if err != nil {
		return refusal(err, false)
	}
	return result{"exit": status.Code, "signal": int(status.Signal), "stdout": out.String()}
}

func refuse(r *ocikit.Runtime, op, id string, config []byte) error {
	ctx := context.Background()
	create := func(id string) (*ocikit.Container, error) {
		return r.Create(ctx, id, &ocikit.CreateOptions{ConfigJSON: config})
	}
	made, err := create(id)
	if err != nil {
		return err
	}
	defer made.Close()
	defer made.Delete(true)
	other := map[string]string{"create-twice": id, "id-with-slash": "a/b", "id-empty": ""}
	if name, ok := other[op]; ok {
		_, err := create(name)
		return err
	}
	switch op {
	case "open-missing":
		_, err := r.Open("nobody")
		return err
	case "pause-created":
		return made.Pause()
	}
	if err := made.Start(ctx); err != nil {
		return err
	}
	exec := func(program string) error {
		p, err := made.Exec(ctx, &ocikit.ExecOptions{Args: []string{program}})
		p.Close()
		return err
	}
	switch op {
	case "start-twice":
		return made.Start(ctx)
	case "delete-running":
		return made.Delete(false)
	case "exec-missing":
		return exec("/nope")
	case "update-wrong":
		return made.UpdateJSON([]byte(`{"pids": {"limit": "many"}}`))
	case "mount-wrong":
		return made.AddMountJSON([]byte(`{"type": "tmpfs"}`))
	case "unmount-nothing":
		return made.RemoveMount("/tmp")
	}
	made.Kill(syscall.SIGKILL)
	if _, err := made.Wait(ctx); err != nil {
		return err
	}
	if op == "kill-stopped" {
		return made.Kill(syscall.SIGKILL)
	}
	return exec("/bin/true")
}

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: cases CASES ROOTFS STATE ID")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var cases table
	if err := json.Unmarshal(text, &cases); err != nil {
		log.Fatal(err)
	}
	runtime, err := ocikit.New(&ocikit.Options{Root: os.Args[3]})
	if err != nil {
		log.Fatal(err)
	}
	defer runtime.Close()
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for _, c := range cases.Documents {
		out.Encode(document(c))
	}
	for _, c := range cases.Containers {
		config := configuration(c, os.Args[2])
		if c.Op == "run" {
			out.Encode(run(runtime, os.Args[4], config))
		} else {
			out.Encode(refusal(refuse(runtime, c.Op, os.Args[4], config), false))
		}
	}
}
