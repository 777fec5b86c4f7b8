using System.Security.Cryptography.X509Certificates;

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>The API server of the cluster that this process is a pod of, by the pod's service account.</summary>
public static class InClusterClient
{
    /// <summary>Where the kubelet mounts the service account's token, the cluster's authority and the pod's namespace.</summary>
    public const string ServiceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Whether this process runs in a pod that may use the API.</summary>
    public static bool IsAvailable(Func<string, string?> environment, string directory = ServiceAccountDirectory) =>
        environment("KUBERNETES_SERVICE_HOST") is { Length: > 0 } && environment("KUBERNETES_SERVICE_PORT") is { Length: > 0 } && File.Exists(Path.Combine(directory, "token"));

    /// <summary>The pod's namespace, or null outside of one.</summary>
    public static string? Namespace(string directory = ServiceAccountDirectory) =>
        Path.Combine(directory, "namespace") is var file && File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } ns ? ns : null;

    /// <summary>A client. The token is read for each request, because the kubelet replaces it. Fails with <see cref="KubeconfigException"/>.</summary>
    public static KubeConnection Connect(Func<string, string?> environment, string directory = ServiceAccountDirectory)
    {
        if (!IsAvailable(environment, directory))
            throw new KubeconfigException("this process does not run in a pod with a service account", "Name a kubeconfig with --kubeconfig.");
        var host = environment("KUBERNETES_SERVICE_HOST")!;
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(Path.Combine(directory, "ca.crt"));
        }
        catch (Exception e) when (e is IOException or System.Security.Cryptography.CryptographicException)
        {
            throw new KubeconfigException($"the cluster's authority cannot be read: {e.Message}", $"See {directory}/ca.crt.", e);
        }
        var settings = new ConnectionSettings
        {
            Context = "in-cluster",
            // An IPv6 address stands in brackets in a URL.
            Server = new Uri($"https://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{environment("KUBERNETES_SERVICE_PORT")}/"),
            Authorities = authorities,
        };
        return KubeconfigClient.Connect(settings, KubeconfigClient.FileToken(Path.Combine(directory, "token")), null);
    }
}
