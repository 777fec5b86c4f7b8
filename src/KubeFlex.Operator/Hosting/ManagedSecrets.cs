using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Hosting;

/// <summary>Where a secret of ours lies.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Owner">The control plane that it goes with; null for one of KubeFlex's own.</param>
internal readonly record struct SecretPlace(string Namespace, ControlPlane? Owner)
{
    /// <summary>KubeFlex's own namespace.</summary>
    public static readonly SecretPlace System = new(Names.SystemNamespace, null);

    /// <summary>A control plane's namespace.</summary>
    public static implicit operator SecretPlace(ControlPlane cp) => new(cp.Namespace, cp);
}

/// <summary>Content of a secret of ours.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Inputs">What it was made from: when that changes, it is made anew.</param>
/// <param name="Values">Keys and text values.</param>
/// <param name="RenewAt">When the certificates in it are renewed, or null.</param>
/// <param name="NotAfter">When the first of them ends, or null.</param>
internal sealed record SecretContent(string Name, string Inputs, IReadOnlyDictionary<string, string> Values, DateTimeOffset? RenewAt, DateTimeOffset? NotAfter = null)
{
    /// <summary>Further annotations.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// Keeps secrets of control planes, and KubeFlex's own, as they should be. Whether one still is costs no request: the cache has a hash of each value, and an
/// annotation the hash over inputs and values that was right when we wrote it.
/// </summary>
internal sealed class ManagedSecrets(HostingCluster hosting)
{
    /// <summary>Whether the secret is there, made from these inputs, untouched, and not due for renewal.</summary>
    public bool IsCurrent(SecretPlace place, string name, string inputs, IReadOnlyList<string> keys)
    {
        if (Cached(place, name) is not { } secret || secret["data"] is not JsonObject hashes) return false;
        if (!keys.All(hashes.ContainsKey)) return false;
        var annotations = secret["metadata"]?["annotations"];
        return (string?)annotations?[Names.DigestAnnotation] == Digest(inputs, keys.Select(k => (k, (string?)hashes[k] ?? "")))
            && (RenewAt(place, name) is not { } due || due > hosting.Time.GetUtcNow());
    }

    /// <summary>When the secret's certificates are renewed, as the cache knows it.</summary>
    public DateTimeOffset? RenewAt(SecretPlace place, string name) =>
        HostingCluster.ParseTime(Annotation(place, name, Names.RenewAtAnnotation));

    /// <summary>An annotation of the secret as the cache knows it, or null.</summary>
    public string? Annotation(SecretPlace place, string name, string annotation) => (string?)Cached(place, name)?["metadata"]?["annotations"]?[annotation];

    /// <summary>What the status says about a secret's certificate; null when the cache knows of none.</summary>
    public CertificateStatus? Certificate(SecretPlace place, string name, string secret, string annotation = Names.NotAfterAnnotation) =>
        HostingCluster.ParseTime(Annotation(place, secret, annotation)) is { } end
            ? new CertificateStatus(name, secret, end, annotation == Names.NotAfterAnnotation ? RenewAt(place, secret) : null) : null;

    /// <summary>Hash of one value as the cache knows it, or null.</summary>
    public string? ValueHash(SecretPlace place, string name, string key) => (string?)Cached(place, name)?["data"]?[key];

    /// <summary>The cached skeleton, or null.</summary>
    public JsonObject? Cached(SecretPlace place, string name) => hosting.Secrets.Get(place.Namespace, name);

    /// <summary>The secret's text values as they are on the server, or null.</summary>
    public async Task<IReadOnlyDictionary<string, string>?> ReadAsync(SecretPlace place, string name, CancellationToken cancellation) =>
        await FindAsync(place, name, cancellation) is { } secret ? Values(secret) : null;

    /// <summary>The secret as it is on the server, or null.</summary>
    public Task<JsonObject?> FindAsync(SecretPlace place, string name, CancellationToken cancellation) => hosting.Client.FindAsync(Ref(place, name), cancellation);

    /// <summary>A secret's text values.</summary>
    public static Dictionary<string, string> Values(JsonObject secret)
    {
        var values = new Dictionary<string, string>();
        foreach (var (key, value) in secret["data"] as JsonObject ?? [])
        {
            // A value that is no base64 cannot come from the API; treat it as absent rather than fail for ever.
            try
            {
                values[key] = Encoding.UTF8.GetString(Convert.FromBase64String((string?)value ?? ""));
            }
            catch (FormatException)
            {
            }
        }
        return values;
    }

    /// <summary>Creates the secret; false when there is one already (which the cache had not heard of).</summary>
    public async Task<bool> TryCreateAsync(SecretPlace place, SecretContent content, CancellationToken cancellation)
    {
        try
        {
            hosting.Secrets.Observe(await hosting.Client.CreateAsync(Ref(place, content.Name), Build(place, content), cancellation));
            return true;
        }
        catch (KubeApiException e) when (e.IsAlreadyExists)
        {
            return false;
        }
    }

    /// <summary>Creates or overwrites the secret.</summary>
    public async Task ApplyAsync(SecretPlace place, SecretContent content, CancellationToken cancellation) =>
        hosting.Secrets.Observe(await hosting.Client.ApplyAsync(Ref(place, content.Name), Build(place, content), force: true, cancellation));

    private static ResourceRef Ref(SecretPlace place, string name) => Resources.Secrets.In(place.Namespace).Named(name);

    private static JsonObject Build(SecretPlace place, SecretContent content)
    {
        var (data, hashes) = (new JsonObject(), new List<(string, string)>());
        foreach (var (key, value) in content.Values)
        {
            var base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(value));
            data[key] = base64;
            hashes.Add((key, HostingCluster.ValueHash(base64)));
        }
        var annotations = new JsonObject { [Names.DigestAnnotation] = Digest(content.Inputs, hashes) };
        if (content.RenewAt is { } at) annotations[Names.RenewAtAnnotation] = HostingCluster.Timestamp(at);
        if (content.NotAfter is { } end) annotations[Names.NotAfterAnnotation] = HostingCluster.Timestamp(end);
        foreach (var (name, value) in content.Annotations) annotations[name] = value;
        var metadata = new JsonObject
        {
            ["name"] = content.Name,
            ["namespace"] = place.Namespace,
            ["labels"] = new JsonObject { [Names.ManagedByLabel] = Names.ManagedBy },
            ["annotations"] = annotations,
        };
        if (place.Owner is { } owner) metadata["ownerReferences"] = new JsonArray(owner.OwnerReference());
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = metadata,
            ["type"] = "Opaque",
            ["data"] = data,
        };
    }

    private static string Digest(string inputs, IEnumerable<(string Key, string Hash)> values)
    {
        var text = new StringBuilder(inputs);
        foreach (var (key, hash) in values.OrderBy(v => v.Key, StringComparer.Ordinal)) text.Append('\n').Append(key).Append('=').Append(hash);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 16));
    }
}
