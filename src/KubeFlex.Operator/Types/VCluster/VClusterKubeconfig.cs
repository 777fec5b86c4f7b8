using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Kubeconfigs;
using KubeFlex.Operator.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Types.VCluster;

/// <summary>
/// Adds the kubeconfig for pods to the secret in which vcluster writes its own, whenever that changes; the secret stays vcluster's. Only certificates and keys
/// are taken over from there, not what a kubeconfig could make its reader do.
/// </summary>
internal sealed class VClusterKubeconfig(HostingCluster hosting)
{
    public async Task CompleteAsync(ControlPlane cp, string key, string inClusterKey, string url, CancellationToken cancellation)
    {
        if (hosting.VClusterSecrets.Get(cp.Namespace, HostingCluster.VClusterSecret) is not { } cached || cached["data"]?[key] is null) return;
        if (IsCurrent(cached, key, inClusterKey, url)) return;
        if (await ReadAsync(cp, key, cancellation) is not var (source, hash) || Parts(source) is not var (authorities, user)) return;

        var text = KubeconfigDocument.Write(new KubeconfigServer(url, null, Decode(authorities)), cp.Name, $"{cp.Name}-cluster", $"{cp.Name}-admin", user);
        var base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        var applied = await hosting.Client.ApplyAsync(Reference(cp), new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = new JsonObject
            {
                ["name"] = HostingCluster.VClusterSecret,
                ["namespace"] = cp.Namespace,
                ["annotations"] = new JsonObject { [Names.DigestAnnotation] = Digest(hash, HostingCluster.ValueHash(base64), url) },
            },
            ["data"] = new JsonObject { [inClusterKey] = base64 },
        }, force: true, cancellation);
        hosting.VClusterSecrets.Observe(applied);
    }

    /// <summary>The authorities of vcluster's kubeconfig in base64, or null.</summary>
    public async Task<string?> AuthoritiesAsync(ControlPlane cp, string key, CancellationToken cancellation) =>
        await ReadAsync(cp, key, cancellation) is var (source, _) && Parts(source) is var (authorities, _) ? authorities : null;

    private static bool IsCurrent(JsonObject cached, string key, string inClusterKey, string url) =>
        (string?)cached["data"]?[inClusterKey] is { } made
        && (string?)cached["metadata"]?["annotations"]?[Names.DigestAnnotation] == Digest((string?)cached["data"]?[key], made, url);

    private static string Digest(string? source, string made, string url) => Manifest.Hash(source, made, url);

    private static ResourceRef Reference(ControlPlane cp) => Resources.Secrets.In(cp.Namespace).Named(HostingCluster.VClusterSecret);

    private async Task<(JsonObject Source, string Hash)?> ReadAsync(ControlPlane cp, string key, CancellationToken cancellation)
    {
        var secret = await hosting.Client.FindAsync(Reference(cp), cancellation);
        if ((string?)secret?["data"]?[key] is not { Length: > 0 } base64) return null;
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) && ObjectReader.ReadYaml(bytes.AsSpan(0, length)).TryGet(out var parsed, out _)
            ? (parsed.Object, HostingCluster.ValueHash(base64)) : null;
    }

    /// <summary>Authorities (base64) and credentials of the first entries: vcluster writes one of each.</summary>
    private static (string Authorities, JsonObject User)? Parts(JsonObject kubeconfig)
    {
        var authorities = Text(kubeconfig["clusters"]?[0]?["cluster"]?["certificate-authority-data"]);
        var source = kubeconfig["users"]?[0]?["user"];
        var user = new JsonObject();
        foreach (var key in new[] { "client-certificate-data", "client-key-data", "token" })
        {
            if (Text(source?[key]) is { } value) user[key] = value;
        }
        return authorities is null || user.Count == 0 || Decode(authorities).Length == 0 ? null : (authorities, user);
    }

    private static string? Text(JsonNode? node) => node is JsonValue v && v.TryGetValue(out string? text) && text.Length > 0 ? text : null;

    private static string Decode(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? Encoding.ASCII.GetString(bytes, 0, length) : "";
    }
}
