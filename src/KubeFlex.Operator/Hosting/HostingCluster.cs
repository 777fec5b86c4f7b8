using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hooks;
using KubeFlex.Operator.Objects;
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

    /// <summary>Where vcluster writes its kubeconfig, in each control plane's namespace.</summary>
    public const string VClusterSecret = "vc-vcluster";

    private readonly Dictionary<(string Group, string Resource), Informer> dependents = [];

    /// <param name="client">The hosting API.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logs">Logs.</param>
    /// <param name="withPods">Whether control planes may run as pods here: only then what they are made of is watched.</param>
    public HostingCluster(KubeClient client, TimeProvider time, ILoggerFactory logs, bool withPods = false)
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
        SystemConfig = new Informer(client, Resources.ConfigMaps, new InformerOptions { Query = Named(Names.SystemConfig), Transform = WithoutManagedFields }, time, log);
        VClusterSecrets = new Informer(client, Resources.Secrets, new InformerOptions { Query = Named(VClusterSecret), Transform = SecretSkeleton }, time, log);
        HookObjects = new HookWatches(client, time, log);
        Informers = [ControlPlanes, Hooks, Namespaces, Secrets];
        if (!withPods) return;
        foreach (var kind in Kinds.Watched)
        {
            dependents[(kind.Group, kind.Resource)] = new Informer(client, kind, new InformerOptions
            {
                Query = $"labelSelector={Uri.EscapeDataString($"{Names.ManagedByLabel}={Names.ManagedBy}")}",
                Transform = WorkloadSkeleton,
            }, time, log);
        }
        Informers = [.. Informers, SystemConfig, VClusterSecrets, .. dependents.Values];
    }

    public KubeClient Client { get; }

    public TimeProvider Time { get; }

    public ApiDiscovery Discovery { get; }

    public Informer ControlPlanes { get; }

    public Informer Hooks { get; }

    public Informer Namespaces { get; }

    /// <summary>Our secrets, with a hash in place of each value: a thousand control planes' keys need not lie in memory.</summary>
    public Informer Secrets { get; }

    /// <summary>KubeFlex's settings.</summary>
    public Informer SystemConfig { get; }

    /// <summary>The secrets that vclusters write, as <see cref="Secrets"/> has ours.</summary>
    public Informer VClusterSecrets { get; }

    /// <summary>Objects that control planes on this cluster are made of: metadata and status, by collection. Empty when none can run here.</summary>
    public IReadOnlyCollection<Informer> Dependents => dependents.Values;

    /// <summary>What hooks made, by need.</summary>
    public HookWatches HookObjects { get; }

    /// <summary>All that must run.</summary>
    public IReadOnlyList<Informer> Informers { get; }

    /// <summary>Takes in what we wrote, so that the watch does not bring us back for it.</summary>
    public void ObserveDependent(ResourceRef at, JsonObject written)
    {
        if (dependents.TryGetValue((at.Group, at.Resource), out var informer)) informer.Observe(written);
    }

    /// <summary>Whether the cache has the object.</summary>
    public bool HasDependent(ResourceRef at) => dependents.TryGetValue((at.Group, at.Resource), out var informer) && informer.Get(at.Namespace, at.Name!) is not null;

    /// <summary>Takes in a deletion of ours.</summary>
    public void ObserveDependentGone(ResourceRef at)
    {
        if (dependents.TryGetValue((at.Group, at.Resource), out var informer)) informer.ObserveDeleted(at.Namespace, at.Name!);
    }

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

    private static string Named(string name) => $"fieldSelector={Uri.EscapeDataString($"metadata.name={name}")}";

    private static JsonObject WorkloadSkeleton(JsonObject obj)
    {
        var kept = Skeleton(obj);
        if (obj["status"] is { } status) kept["status"] = status.DeepClone();
        return kept;
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
