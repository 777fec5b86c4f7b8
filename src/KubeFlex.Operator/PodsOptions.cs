namespace KubeFlex.Operator;

/// <summary>How control planes are reached from outside the hosting cluster.</summary>
public enum ExposureKind
{
    /// <summary>A Route on OpenShift; a TLSRoute when a gateway is named and the hosting cluster serves the kind; else an Ingress.</summary>
    Auto,
    /// <summary>networking.k8s.io Ingress with TLS passed through, as ingress-nginx does it.</summary>
    Ingress,
    /// <summary>OpenShift's Route.</summary>
    Route,
    /// <summary>Gateway API's TLSRoute.</summary>
    TlsRoute,
}

/// <summary>What holds the data of control planes with the shared backend.</summary>
public enum SharedStorageKind
{
    /// <summary>The KubeFlex storage service in <c>kubeflex-system</c>, by etcd's protocol with a client certificate per control plane.</summary>
    Service,
    /// <summary>A Kine beside each kube-apiserver, in front of a PostgreSQL database of its own.</summary>
    Kine,
}

/// <summary>The Gateway that TLSRoutes attach to.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Listener">Name of a listener with TLS mode Passthrough, or null for all.</param>
public sealed record GatewayReference(string Namespace, string Name, string? Listener = null);

/// <summary>
/// What runs as pods of the hosting cluster: images, sizes, the way in. An image without a tag here gets the Kubernetes version of the control
/// plane as its tag. Versions are the current stable ones of when this was written.
/// </summary>
public sealed record PodsOptions
{
    /// <summary>Kubernetes version of type <c>k8s</c> when <c>spec.version</c> is not set.</summary>
    public string KubernetesVersion { get; init; } = "1.35.5";

    /// <summary>kube-apiserver, without tag.</summary>
    public string ApiServerImage { get; init; } = "registry.k8s.io/kube-apiserver";

    /// <summary>kube-controller-manager, without tag.</summary>
    public string ControllerManagerImage { get; init; } = "registry.k8s.io/kube-controller-manager";

    /// <summary>Where control planes with the shared backend begin. One that has data stays where that is.</summary>
    public SharedStorageKind SharedStorage { get; init; } = SharedStorageKind.Service;

    /// <summary>Kine, for <see cref="SharedStorageKind.Kine"/>.</summary>
    public string KineImage { get; init; } = "rancher/kine:v0.14.14";

    /// <summary>etcd, for the dedicated backend.</summary>
    public string EtcdImage { get; init; } = "registry.k8s.io/etcd:3.6.6-0";

    /// <summary>An image with <c>psql</c>, which makes and drops a tenant's database and role.</summary>
    public string PostgresClientImage { get; init; } = "postgres:17-alpine";

    /// <summary>Host of the shared PostgreSQL as pods see it.</summary>
    public string PostgresHost { get; init; } = "postgres-postgresql.kubeflex-system.svc";

    /// <summary>Secret in <c>kubeflex-system</c> with the password of PostgreSQL's administrator; only Jobs in that namespace get to see it.</summary>
    public string PostgresSecret { get; init; } = "postgres-postgresql";

    /// <summary>Key of the password in <see cref="PostgresSecret"/>.</summary>
    public string PostgresSecretKey { get; init; } = "postgres-password";

    /// <summary>PostgreSQL's administrator.</summary>
    public string PostgresUser { get; init; } = "postgres";

    /// <summary>vcluster.</summary>
    public string VClusterImage { get; init; } = "ghcr.io/loft-sh/vcluster-oss:0.34.3";

    /// <summary>The Kubernetes binaries that vcluster runs, without tag.</summary>
    public string VClusterKubernetesImage { get; init; } = "ghcr.io/loft-sh/kubernetes";

    /// <summary>Kubernetes version of type <c>vcluster</c> when <c>spec.version</c> is not set.</summary>
    public string VClusterKubernetesVersion { get; init; } = "1.35.0";

    /// <summary>k3s, without tag.</summary>
    public string K3sImage { get; init; } = "rancher/k3s";

    /// <summary>Kubernetes version of type <c>k3s</c> when <c>spec.version</c> is not set; the tag is <c>v&lt;version&gt;-k3s1</c>.</summary>
    public string K3sVersion { get; init; } = "1.35.5";

    /// <summary>Storage class of volumes; null leaves it to the hosting cluster.</summary>
    public string? StorageClass { get; init; }

    /// <summary>Size of the volume of etcd and of vcluster. Fixed once made, as a StatefulSet's claims are.</summary>
    public string StorageSize { get; init; } = "5Gi";

    /// <summary>Size of each of k3s' two volumes.</summary>
    public string K3sStorageSize { get; init; } = "1Gi";

    /// <summary>How control planes are reached from outside.</summary>
    public ExposureKind Exposure { get; init; } = ExposureKind.Auto;

    /// <summary>Class of Ingresses.</summary>
    public string IngressClass { get; init; } = "nginx";

    /// <summary>The gateway of TLSRoutes; needed for <see cref="ExposureKind.TlsRoute"/>.</summary>
    public GatewayReference? Gateway { get; init; }

    /// <summary>
    /// For an operator outside the hosting cluster, where names of Services do not resolve: <c>host:port</c> to connect to in their place. What listens there
    /// leads a connection on by its TLS server name, as a passthrough ingress does.
    /// </summary>
    public string? ServiceGateway { get; init; }
}
