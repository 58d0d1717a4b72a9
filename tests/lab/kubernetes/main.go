// Kubernetes' own components in one program, and CoreDNS: what the tests'
// cluster is made of, but for kubectl. Nothing of it is changed. It is one program because that
// links once, and is built once, where eight would take eight times as long.
//
// The first argument names the component; the rest is its command line.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

var commands = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-proxy":              proxy.NewProxyCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
}

func main() {
	if len(os.Args) < 2 {
		refuse()
	}
	// A component reads the arguments by itself, and takes the first for its
	// own name.
	os.Args = os.Args[1:]
	name := os.Args[0]
	if name == "coredns" {
		dnsserver.Directives = []string{"errors", "cache", "kubernetes"}
		coremain.Run()
		return
	}
	if name == "csi-node" {
		if err := serveVolumes(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if name == "etcd" {
		etcdmain.Main(os.Args)
		return
	}
	command, known := commands[name]
	if !known {
		refuse()
	}
	os.Exit(cli.Run(command()))
}

func refuse() {
	names := append(slices.Sorted(maps.Keys(commands)), "coredns", "csi-node", "etcd")
	fmt.Fprintf(os.Stderr, "name a component first: %s\n", strings.Join(names, ", "))
	os.Exit(2)
}
