// SPDX-License-Identifier: Apache-2.0
// Run the container of a bundle, and say how it ended: sudo hello BUNDLE.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"ocikit"
)

func main() {
	runtime, err := ocikit.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	options := ocikit.CreateOptions{Bundle: os.Args[1], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	status, err := runtime.Run(context.Background(), "hello-go", &ocikit.RunOptions{CreateOptions: options})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(status)
}
