using System.Globalization;
using System.Text.RegularExpressions;
using KubeFlex.Machinery.Kinds;
using KubeFlex.Operator;

namespace KubeFlex.Server.Standalone;

/// <summary>The flags of <c>kubeflex-server operator</c> that say what control planes run as pods are made of. What is not given has <see cref="PodsOptions"/>' value.</summary>
internal static partial class PodsFlags
{
    public const string Usage = """
          --pods=false                        make no control planes that run as pods
          --kubernetes-version VERSION        type k8s, when spec.version is not set; --vcluster-kubernetes-version and --k3s-version likewise
          --kube-apiserver-image IMAGE        without tag, which is the version; --kube-controller-manager-image,
                                              --vcluster-kubernetes-image and --k3s-image likewise
          --kine-image IMAGE                  with tag; --etcd-image, --postgres-client-image and --vcluster-image likewise
          --shared-storage KIND               where new control planes with the shared backend are kept: service (default, the KubeFlex storage service)
                                              or kine (a Kine beside each kube-apiserver)
          --postgres-host HOST                the PostgreSQL behind Kine, as pods see it
          --storage-class NAME                of volumes (default: the cluster's); --storage-size and --k3s-storage-size, such as 5Gi
          --exposure WAY                      the way in: auto (default), ingress, route or tlsroute
          --ingress-class NAME                of Ingresses (default nginx)
          --gateway NAMESPACE/NAME[/LISTENER] the Gateway that TLSRoutes attach to
          --service-gateway HOST:PORT         connect there in place of control planes' Services, whose names resolve only inside the
                                              cluster; something must lead connections on by the TLS server name
        """;

    private static readonly Dictionary<string, Func<PodsOptions, string, (PodsOptions Options, string? Error)>> Flags = new(StringComparer.Ordinal)
    {
        ["kubernetes-version"] = Version((o, v) => o with { KubernetesVersion = v }),
        ["vcluster-kubernetes-version"] = Version((o, v) => o with { VClusterKubernetesVersion = v }),
        ["k3s-version"] = Version((o, v) => o with { K3sVersion = v }),
        ["kube-apiserver-image"] = Image(false, (o, v) => o with { ApiServerImage = v }),
        ["kube-controller-manager-image"] = Image(false, (o, v) => o with { ControllerManagerImage = v }),
        // vcluster's configuration has the registry in a field of its own.
        ["vcluster-kubernetes-image"] = (o, v) => v.Contains('/', StringComparison.Ordinal) ? Image(false, (p, image) => p with { VClusterKubernetesImage = image })(o, v)
            : (o, "write it with its registry, such as docker.io/library/name"),
        ["k3s-image"] = Image(false, (o, v) => o with { K3sImage = v }),
        ["kine-image"] = Image(true, (o, v) => o with { KineImage = v }),
        ["etcd-image"] = Image(true, (o, v) => o with { EtcdImage = v }),
        ["postgres-client-image"] = Image(true, (o, v) => o with { PostgresClientImage = v }),
        ["vcluster-image"] = Image(true, (o, v) => o with { VClusterImage = v }),
        ["shared-storage"] = (o, v) => v switch
        {
            "service" => (o with { SharedStorage = SharedStorageKind.Service }, null),
            "kine" => (o with { SharedStorage = SharedStorageKind.Kine }, null),
            _ => (o, "expected service or kine"),
        },
        ["postgres-host"] = Checked(v => HostName().IsMatch(v), "a host name", (o, v) => o with { PostgresHost = v }),
        ["storage-class"] = Checked(v => ObjectName().IsMatch(v), "a name of a StorageClass", (o, v) => o with { StorageClass = v }),
        ["storage-size"] = Checked(IsSize, "a size such as 5Gi", (o, v) => o with { StorageSize = v }),
        ["k3s-storage-size"] = Checked(IsSize, "a size such as 1Gi", (o, v) => o with { K3sStorageSize = v }),
        ["ingress-class"] = Checked(v => ObjectName().IsMatch(v), "a name of an IngressClass", (o, v) => o with { IngressClass = v }),
        ["exposure"] = (o, v) => v switch
        {
            "auto" => (o with { Exposure = ExposureKind.Auto }, null),
            "ingress" => (o with { Exposure = ExposureKind.Ingress }, null),
            "route" => (o with { Exposure = ExposureKind.Route }, null),
            "tlsroute" => (o with { Exposure = ExposureKind.TlsRoute }, null),
            _ => (o, "expected auto, ingress, route or tlsroute"),
        },
        ["gateway"] = Checked(v => v.Count(c => c == '/') is 1 or 2 && v.Split('/').All(part => ObjectName().IsMatch(part)), "NAMESPACE/NAME or NAMESPACE/NAME/LISTENER",
            (o, v) => o with { Gateway = new GatewayReference(v.Split('/')[0], v.Split('/')[1], v.Split('/').ElementAtOrDefault(2)) }),
        ["service-gateway"] = (o, v) => v.LastIndexOf(':') is > 0 and var colon && HostName().IsMatch(v[..colon])
            && int.TryParse(v[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535
                ? (o with { ServiceGateway = v }, null) : (o, "expected HOST:PORT"),
    };

    /// <summary>Names of the flags.</summary>
    public static IReadOnlyCollection<string> Names => Flags.Keys;

    /// <summary>The settings that the flags ask for.</summary>
    public static PodsOptions Read(IReadOnlyDictionary<string, string> given, List<string> errors)
    {
        var options = new PodsOptions();
        foreach (var (name, apply) in Flags)
        {
            if (!given.TryGetValue(name, out var value)) continue;
            (options, var error) = apply(options, value);
            if (error is not null) errors.Add($"--{name} \"{value}\": {error}");
        }
        if (options is { Exposure: ExposureKind.TlsRoute, Gateway: null }) errors.Add("--exposure tlsroute needs --gateway: TLSRoutes attach to one");
        return options;
    }

    private static Func<PodsOptions, string, (PodsOptions, string?)> Checked(Func<string, bool> test, string what, Func<PodsOptions, string, PodsOptions> set) =>
        (o, v) => test(v) ? (set(o, v), null) : (o, $"expected {what}");

    private static Func<PodsOptions, string, (PodsOptions, string?)> Version(Func<PodsOptions, string, PodsOptions> set) =>
        Checked(v => KubernetesVersion().IsMatch(v), "a Kubernetes version such as 1.35.5", (o, v) => set(o, v.TrimStart('v')));

    private static Func<PodsOptions, string, (PodsOptions, string?)> Image(bool withTag, Func<PodsOptions, string, PodsOptions> set) => (o, v) =>
    {
        if (!ImageName().IsMatch(v)) return (o, "is no name of an image");
        // A colon before the last slash is a registry's port.
        var hasTag = v[(v.LastIndexOf('/') + 1)..].AsSpan().IndexOfAny(':', '@') >= 0;
        return hasTag == withTag ? (set(o, v), null) : (o, withTag ? "give it with a tag" : "give it without a tag, which is the Kubernetes version");
    };

    private static bool IsSize(string text) => Quantity.TryParse(text, out var size) && size.Sign > 0;

    [GeneratedRegex(@"^v?1\.[0-9]{1,3}\.[0-9]{1,3}$", RegexOptions.CultureInvariant)]
    private static partial Regex KubernetesVersion();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex ObjectName();

    [GeneratedRegex(@"^([a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])$", RegexOptions.CultureInvariant)]
    private static partial Regex HostName();

    [GeneratedRegex(@"^[a-zA-Z0-9]([-a-zA-Z0-9._:/@]*[a-zA-Z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex ImageName();
}
