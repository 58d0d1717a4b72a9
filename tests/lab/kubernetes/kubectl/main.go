// kubectl by itself: the program that has all components spends a fifth of a second on
// them each time that it starts, and the tests start a kubectl thousands of times.
//
// The first argument names it, as it does there.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
)

func main() {
	os.Args = os.Args[1:]
	os.Exit(cli.Run(kubectl.NewDefaultKubectlCommand()))
}
