using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>What a context says about reaching and convincing its server, with files read and paths made absolute.</summary>
internal sealed record ConnectionSettings
{
    public required string Context { get; init; }
    public required Uri Server { get; init; }
    public X509Certificate2Collection? Authorities { get; init; }
    public string? TlsServerName { get; init; }
    public bool Insecure { get; init; }
    public Uri? Proxy { get; init; }
    public string? CertificatePem { get; init; }
    public string? KeyPem { get; init; }
    public string? Token { get; init; }
    public string? TokenFile { get; init; }
    public (string User, string Password)? Basic { get; init; }
    public string? ImpersonateUser { get; init; }
    public IReadOnlyList<string> ImpersonateGroups { get; init; } = [];
    public JsonObject? Exec { get; init; }
    public string? ExecDirectory { get; init; }

    /// <summary>Reads the context's cluster and user. Fails with <see cref="KubeconfigException"/> naming the entry.</summary>
    public static ConnectionSettings Read(Kubeconfig config, string contextName)
    {
        var context = config.FindContext(contextName)
            ?? throw Broken($"there is no context \"{contextName}\" in {config.Location}", "See the contexts with: kflex ctx list");
        var (clusterName, userName) = (context.Cluster ?? "", context.User ?? "");
        var cluster = config.Find(KubeconfigSection.Clusters, clusterName)
            ?? throw Broken($"context \"{contextName}\" names the cluster \"{clusterName}\", which is not in {config.Location}", "Remove the context with: kflex ctx delete " + contextName);
        var server = Text(cluster, "server") ?? "";
        if (!Uri.TryCreate(server.Contains("://", StringComparison.Ordinal) ? server : "https://" + server, UriKind.Absolute, out var url) || url.Scheme is not ("https" or "http") || url.Host.Length == 0)
            throw Broken($"the server \"{server}\" of cluster \"{clusterName}\" is not a URL", $"Correct it in {config.Location}.");
        var user = config.Find(KubeconfigSection.Users, userName);
        if (user is null && userName.Length > 0)
            throw Broken($"context \"{contextName}\" names the user \"{userName}\", which is not in {config.Location}", "Remove the context with: kflex ctx delete " + contextName);
        user ??= [];

        string? FileOf(KubeconfigSection section, string entry, JsonObject body, string key) =>
            Text(body, key) is { Length: > 0 } path ? config.ResolvePath(section, entry, path) : null;
        var authority = Pem(cluster, "certificate-authority-data", FileOf(KubeconfigSection.Clusters, clusterName, cluster, "certificate-authority"), clusterName);
        return new ConnectionSettings
        {
            Context = contextName,
            // Relative request paths follow the prefix only when it ends in a slash.
            Server = new Uri(url.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/"),
            Authorities = authority is null ? null : Bundle(authority, clusterName),
            TlsServerName = Text(cluster, "tls-server-name") is { Length: > 0 } name ? name : null,
            Insecure = cluster["insecure-skip-tls-verify"] is JsonValue v && v.TryGetValue(out bool insecure) && insecure,
            Proxy = Text(cluster, "proxy-url") is { Length: > 0 } proxy ? new Uri(proxy) : null,
            CertificatePem = Pem(user, "client-certificate-data", FileOf(KubeconfigSection.Users, userName, user, "client-certificate"), userName),
            KeyPem = Pem(user, "client-key-data", FileOf(KubeconfigSection.Users, userName, user, "client-key"), userName),
            Token = Text(user, "token"),
            TokenFile = FileOf(KubeconfigSection.Users, userName, user, "tokenFile"),
            Basic = Text(user, "username") is { Length: > 0 } basic ? (basic, Text(user, "password") ?? "") : null,
            ImpersonateUser = Text(user, "as"),
            ImpersonateGroups = [.. (user["as-groups"] as JsonArray ?? []).Select(KubeconfigFile.Text).OfType<string>()],
            Exec = user["exec"] as JsonObject,
            ExecDirectory = Path.GetDirectoryName(config.ResolvePath(KubeconfigSection.Users, userName, "x")),
        };
    }

    private static string? Text(JsonObject body, string key) => KubeconfigFile.Text(body[key]);

    // Data goes before file, as in client-go.
    private static string? Pem(JsonObject body, string dataKey, string? file, string entry)
    {
        try
        {
            if (Text(body, dataKey) is { Length: > 0 } data) return Encoding.UTF8.GetString(Convert.FromBase64String(data));
            return file is null ? null : File.ReadAllText(file);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw Broken($"the {dataKey[..^"-data".Length]} of \"{entry}\" cannot be read: {e.Message}", "Correct it in the kubeconfig.", e);
        }
    }

    internal static X509Certificate2Collection Bundle(string pem, string cluster)
    {
        var bundle = new X509Certificate2Collection();
        try
        {
            bundle.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw Broken($"the certificate-authority of cluster \"{cluster}\" is not a PEM certificate: {e.Message}", "Correct it in the kubeconfig.", e);
        }
        return bundle.Count > 0 ? bundle : throw Broken($"the certificate-authority of cluster \"{cluster}\" holds no certificate", "Correct it in the kubeconfig.");
    }

    private static KubeconfigException Broken(string message, string wayOut, Exception? inner = null) => new(message, wayOut, inner);
}
