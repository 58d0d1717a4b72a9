// The part of a CSI driver that the kubelet mounts volumes by (CSI 1.9, Node
// service), with the registration that makes it known (kubelet's
// pluginregistration v1): a volume is a file with a file system in it, named
// after its handle. The other part, which makes and clones these files, is the
// lab's.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

type driver struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedNodeServer
	registration.UnimplementedRegistrationServer
	name, node, images, socket string
}

// Serves until it is killed: SOCKET, below the kubelet's plugins_registry; the
// folder of IMAGES; the NAMEs of driver and node.
func serveVolumes(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("csi-node wants SOCKET IMAGES DRIVER NODE")
	}
	one := &driver{socket: args[0], images: args[1], name: args[2], node: args[3]}
	listener, err := net.Listen("unix", one.socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	csi.RegisterIdentityServer(server, one)
	csi.RegisterNodeServer(server, one)
	registration.RegisterRegistrationServer(server, one)
	return server.Serve(listener)
}

func (d *driver) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type:              registration.CSIPlugin,
		Name:              d.name,
		Endpoint:          d.socket,
		SupportedVersions: []string{"1.0.0"},
	}, nil
}

func (d *driver) NotifyRegistrationStatus(_ context.Context, said *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	if !said.PluginRegistered {
		fmt.Fprintln(os.Stderr, "the kubelet does not take the driver:", said.Error)
	}
	return &registration.RegistrationStatusResponse{}, nil
}

func (d *driver) GetPluginInfo(context.Context, *csi.GetPluginInfoRequest) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: d.name, VendorVersion: "1"}, nil
}

func (d *driver) GetPluginCapabilities(context.Context, *csi.GetPluginCapabilitiesRequest) (*csi.GetPluginCapabilitiesResponse, error) {
	return &csi.GetPluginCapabilitiesResponse{}, nil
}

func (d *driver) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{}, nil
}

func (d *driver) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: d.node}, nil
}

// Volumes are staged: an image that was mounted once for each pod would be
// written to by two file systems.
func (d *driver) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	stage := &csi.NodeServiceCapability_RPC{Type: csi.NodeServiceCapability_RPC_STAGE_UNSTAGE_VOLUME}
	return &csi.NodeGetCapabilitiesResponse{Capabilities: []*csi.NodeServiceCapability{
		{Type: &csi.NodeServiceCapability_Rpc{Rpc: stage}},
	}}, nil
}

func (d *driver) NodeStageVolume(_ context.Context, r *csi.NodeStageVolumeRequest) (*csi.NodeStageVolumeResponse, error) {
	if filepath.Base(r.VolumeId) != r.VolumeId {
		return nil, status.Errorf(codes.InvalidArgument, "%q is no volume of this driver", r.VolumeId)
	}
	image := filepath.Join(d.images, r.VolumeId+".img")
	if isMounted(r.StagingTargetPath) {
		return &csi.NodeStageVolumeResponse{}, nil
	}
	return &csi.NodeStageVolumeResponse{}, run("mount", "-o", "loop", image, r.StagingTargetPath)
}

func (d *driver) NodeUnstageVolume(_ context.Context, r *csi.NodeUnstageVolumeRequest) (*csi.NodeUnstageVolumeResponse, error) {
	return &csi.NodeUnstageVolumeResponse{}, unmount(r.StagingTargetPath)
}

func (d *driver) NodePublishVolume(_ context.Context, r *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	done := &csi.NodePublishVolumeResponse{}
	if isMounted(r.TargetPath) {
		return done, nil
	}
	if err := os.MkdirAll(r.TargetPath, 0o750); err != nil {
		return nil, err
	}
	how := "bind"
	if r.Readonly {
		how = "bind,ro"
	}
	return done, run("mount", "-o", how, r.StagingTargetPath, r.TargetPath)
}

func (d *driver) NodeUnpublishVolume(_ context.Context, r *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	if err := unmount(r.TargetPath); err != nil {
		return nil, err
	}
	// Gone already is as good.
	_ = os.Remove(r.TargetPath)
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

func isMounted(path string) bool {
	return exec.Command("mountpoint", "-q", path).Run() == nil
}

func unmount(path string) error {
	if !isMounted(path) {
		return nil
	}
	return run("umount", path)
}

func run(name string, args ...string) error {
	said, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return status.Errorf(codes.Internal, "%s %v: %v: %s", name, args, err, said)
	}
	return nil
}
