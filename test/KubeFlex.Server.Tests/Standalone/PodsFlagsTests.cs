using KubeFlex.Operator;
using KubeFlex.Server.Standalone;

namespace KubeFlex.Server.Tests.Standalone;

public sealed class PodsFlagsTests
{
    [Fact]
    public void Without_flags_control_planes_run_as_pods_with_the_defaults()
    {
        Assert.Equal(new PodsOptions(), StandaloneOptions.Parse([]).Options!.Pods);
        Assert.Null(StandaloneOptions.Parse(["--pods=false"]).Options!.Pods);
    }

    [Fact]
    public void Each_flag_arrives()
    {
        var (options, errors) = StandaloneOptions.Parse([
            "--kubernetes-version=v1.34.2", "--vcluster-kubernetes-version=1.33.1", "--k3s-version", "1.32.0",
            "--kube-apiserver-image=registry:5000/a", "--kube-controller-manager-image=c", "--vcluster-kubernetes-image=ghcr.io/x/k", "--k3s-image=k3",
            "--kine-image=kine:1", "--etcd-image=etcd:3", "--postgres-client-image=pg:17", "--vcluster-image=registry:5000/v@sha256:abc",
            "--postgres-host=db.example.com", "--storage-class=fast", "--storage-size=10Gi", "--k3s-storage-size=2Gi",
            "--exposure=tlsroute", "--ingress-class=haproxy", "--gateway=gateways/tls/passthrough", "--service-gateway=127.0.0.1:7000"]);
        Assert.Empty(errors);
        Assert.Equal(new PodsOptions
        {
            KubernetesVersion = "1.34.2", VClusterKubernetesVersion = "1.33.1", K3sVersion = "1.32.0",
            ApiServerImage = "registry:5000/a", ControllerManagerImage = "c", VClusterKubernetesImage = "ghcr.io/x/k", K3sImage = "k3",
            KineImage = "kine:1", EtcdImage = "etcd:3", PostgresClientImage = "pg:17", VClusterImage = "registry:5000/v@sha256:abc",
            PostgresHost = "db.example.com", StorageClass = "fast", StorageSize = "10Gi", K3sStorageSize = "2Gi",
            Exposure = ExposureKind.TlsRoute, IngressClass = "haproxy", Gateway = new GatewayReference("gateways", "tls", "passthrough"), ServiceGateway = "127.0.0.1:7000",
        }, options!.Pods);
    }

    [Theory]
    [InlineData("--pods=perhaps", "--pods \"perhaps\": expected true or false")]
    [InlineData("--kubernetes-version=latest", "--kubernetes-version \"latest\": expected a Kubernetes version such as 1.35.5")]
    [InlineData("--kube-apiserver-image=a:v1", "give it without a tag, which is the Kubernetes version")]
    [InlineData("--kine-image=registry:5000/kine", "--kine-image \"registry:5000/kine\": give it with a tag")]
    [InlineData("--vcluster-kubernetes-image=kubernetes", "with its registry")]
    [InlineData("--etcd-image=a b:1", "is no name of an image")]
    [InlineData("--storage-size=much", "expected a size such as 5Gi")]
    [InlineData("--storage-size=-1Gi", "expected a size such as 5Gi")]
    [InlineData("--storage-class=Fast", "expected a name of a StorageClass")]
    [InlineData("--exposure=loadbalancer", "expected auto, ingress, route or tlsroute")]
    [InlineData("--exposure=tlsroute", "--exposure tlsroute needs --gateway")]
    [InlineData("--gateway=tls", "expected NAMESPACE/NAME or NAMESPACE/NAME/LISTENER")]
    [InlineData("--service-gateway=127.0.0.1", "expected HOST:PORT")]
    [InlineData("--service-gateway=a:99999", "expected HOST:PORT")]
    public void What_makes_no_sense_is_named(string flag, string error)
    {
        var (options, errors) = StandaloneOptions.Parse([flag]);
        Assert.Null(options);
        Assert.Contains(error, Assert.Single(errors), StringComparison.Ordinal);
    }
}
