using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;

namespace KubeFlex.Operator.Runtimes.Pods.Storage.Service;

/// <summary>Names of the storage service's objects: those in <c>kubeflex-system</c> are the chart's too.</summary>
internal static class StorageServiceNames
{
    /// <summary>Service and Deployment.</summary>
    public const string Service = "kubeflex-storage";
    public const int Port = 2379;

    /// <summary>The authority, with its key; for the operator only.</summary>
    public const string AuthoritySecret = "kubeflex-storage-ca";

    /// <summary>What the service shows and trusts; its pods mount it.</summary>
    public const string ServingSecret = "kubeflex-storage-tls";

    /// <summary>The operator's own way in.</summary>
    public const string AdministratorSecret = "kubeflex-storage-admin";

    /// <summary>In a control plane's namespace: its kube-apiserver's way in.</summary>
    public const string ClientSecret = "storage-client";

    public const string Certificate = "tls.crt", Key = "tls.key", Trust = "ca.crt";

    /// <summary>The service's host name, as certificates and kube-apiservers have it.</summary>
    public static readonly string Host = $"{Service}.{Names.SystemNamespace}.svc";

    public static readonly string Url = $"https://{Host}:{Port}";

    /// <summary>
    /// The store of a control plane. With a part of the uid, so that one that is made again under the same name begins with a new one; at most 64 characters,
    /// as many as a certificate's common name may have.
    /// </summary>
    public static string StoreOf(ControlPlane cp) => $"{cp.Name}.{Manifest.Hash(cp.Uid)[..7]}";
}
