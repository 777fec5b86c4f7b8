using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Discovery;
using KubeFlex.Runtime.Informers;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Operator.Hosting;

/// <summary>The cluster whose API holds the ControlPlane objects: a client and the copies the operator works from.</summary>
internal sealed class HostingCluster
{
    /// <summary>Index of control planes by the names of their hooks.</summary>
    public const string ByHook = "hook";

    public HostingCluster(KubeClient client, TimeProvider time, ILoggerFactory logs)
    {
        (Client, Time) = (client, time);
        Discovery = new ApiDiscovery(client);
        var log = logs.CreateLogger("KubeFlex.Operator.Informers");
        ControlPlanes = new Informer(client, Resources.ControlPlanes, new InformerOptions
        {
            Transform = WithoutManagedFields,
            Indexes = new Dictionary<string, Func<JsonObject, IEnumerable<string>>> { [ByHook] = o => new ControlPlane(o).Hooks.Select(h => h.Name) },
        }, time, log);
        Hooks = new Informer(client, Resources.PostCreateHooks, new InformerOptions { Transform = WithoutManagedFields }, time, log);
        Namespaces = new Informer(client, Resources.Namespaces, new InformerOptions { Transform = o => Skeleton(o) }, time, log);
        Secrets = new Informer(client, Resources.Secrets, new InformerOptions
        {
            Query = $"labelSelector={Uri.EscapeDataString($"{Names.ManagedByLabel}={Names.ManagedBy}")}",
            Transform = SecretSkeleton,
        }, time, log);
    }

    public KubeClient Client { get; }

    public TimeProvider Time { get; }

    public ApiDiscovery Discovery { get; }

    public Informer ControlPlanes { get; }

    public Informer Hooks { get; }

    public Informer Namespaces { get; }

    /// <summary>Our secrets, with a hash in place of each value: a thousand control planes' keys need not lie in memory.</summary>
    public Informer Secrets { get; }

    public IReadOnlyList<Informer> Informers => [ControlPlanes, Hooks, Namespaces, Secrets];

    /// <summary>Hash of a value of a secret (as base64 in JSON), as the <see cref="Secrets"/> cache holds it.</summary>
    public static string ValueHash(string base64) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(base64)).AsSpan(0, 12));

    /// <summary>A point in time as Kubernetes writes it.</summary>
    public static string Timestamp(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Reads such a point in time; null when there is none.</summary>
    public static DateTimeOffset? ParseTime(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;

    private static JsonObject WithoutManagedFields(JsonObject obj)
    {
        (obj["metadata"] as JsonObject)?.Remove("managedFields");
        return obj;
    }

    private static JsonObject Skeleton(JsonObject obj)
    {
        var metadata = (JsonObject)obj["metadata"]!.DeepClone();
        metadata.Remove("managedFields");
        return new JsonObject { ["metadata"] = metadata };
    }

    private static JsonObject SecretSkeleton(JsonObject obj)
    {
        var kept = Skeleton(obj);
        var data = new JsonObject();
        foreach (var (key, value) in obj["data"] as JsonObject ?? []) data[key] = ValueHash((string?)value ?? "");
        kept["data"] = data;
        return kept;
    }
}
