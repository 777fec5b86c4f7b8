using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Pods;

/// <summary>
/// Plays what a hosting cluster has and the embedded one has not: the controllers of Deployments, StatefulSets, Jobs and volume claims, and kubelets whose pods
/// always come up, unless a test says otherwise. The API servers of its "pods" are real ones, behind <see cref="TenantGateway"/>; they are ready when their
/// certificate opens their store in the storage service, which is the real program (<see cref="StoragePod"/>).
/// </summary>
internal sealed class StandInNodes : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> running = [];
    private readonly KubeApi api;
    private readonly TenantGateway gateway;

    public StandInNodes(KubeApi api, TestServer server)
    {
        this.api = api;
        gateway = new TenantGateway(api, server, () => Storage.Port);
        running.Add(gateway.RunAsync(stop.Token));
        running.Add(api.WatchAsync("api/v1/namespaces/kubeflex-system/secrets", secret => Where(secret).Name == "kubeflex-storage-tls" ? Storage.MountAsync(secret) : Task.CompletedTask, stop.Token));
        foreach (var resource in (string[])["deployments", "statefulsets"]) running.Add(api.WatchAsync($"apis/apps/v1/{resource}", o => RunAsync(resource, o), stop.Token));
        running.Add(api.WatchAsync("apis/batch/v1/jobs", RunJobAsync, stop.Token));
        running.Add(api.WatchAsync("api/v1/persistentvolumeclaims", RunClaimAsync, stop.Token));
    }

    /// <summary>The storage service.</summary>
    public StoragePod Storage { get; } = new();

    /// <summary>Where control planes' Services, and the storage service's, are reached.</summary>
    public string Address => gateway.Address;

    /// <summary>Workloads and Jobs (<c>namespace/name</c>) whose pods do not come up.</summary>
    public ConcurrentDictionary<string, bool> Stuck { get; } = new();

    /// <summary>Jobs that fail, and what they say.</summary>
    public ConcurrentDictionary<string, string> Failing { get; } = new();

    /// <summary>Has pods of a workload come up or go down, which is no event of the API.</summary>
    public async Task SetStuckAsync(string resource, string ns, string name, bool stuck)
    {
        if (stuck) Stuck[$"{ns}/{name}"] = true;
        else Stuck.TryRemove($"{ns}/{name}", out _);
        if (await api.FindAsync(Path(resource, ns, name), stop.Token) is { } there) await (resource == "jobs" ? RunJobAsync(there) : RunAsync(resource, there));
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(running);
        await gateway.DisposeAsync();
        await Storage.DisposeAsync();
        stop.Dispose();
    }

    private async Task RunAsync(string resource, JsonObject workload)
    {
        var (ns, name) = Where(workload);
        if (workload["metadata"]!["deletionTimestamp"] is not null || !ns.EndsWith("-system", StringComparison.Ordinal)) return;
        if ((ns, name) == ("kubeflex-system", "kubeflex-storage")) await Storage.RunAsync(workload, Stuck.ContainsKey($"{ns}/{name}"));
        if (ns == "kubeflex-system") return;
        foreach (var template in (workload["spec"]!["volumeClaimTemplates"] as JsonArray ?? []).Select(t => t!.AsObject())) await ClaimAsync(workload, template);
        var replicas = (int?)workload["spec"]!["replicas"] ?? 1;
        var ready = Stuck.ContainsKey($"{ns}/{name}") ? 0 : replicas;
        if (ready > 0 && name == "kube-apiserver" && workload["spec"]!.ToJsonString().Contains("--etcd-servers=https://kubeflex-storage.", StringComparison.Ordinal))
            await Storage.OpenAsync(await TenantIdentities.SecretAsync(api, ns[..^"-system".Length], "storage-client", stop.Token), stop.Token);
        if (ready > 0 && name is "kube-apiserver" or "vcluster" or "k3s-server") await gateway.ServeAsync(ns[..^"-system".Length], name);
        await SetStatusAsync(resource, workload, new JsonObject
        {
            ["observedGeneration"] = workload["metadata"]!["generation"]!.DeepClone(),
            ["replicas"] = replicas,
            ["readyReplicas"] = ready,
            ["availableReplicas"] = ready,
            ["updatedReplicas"] = replicas,
        });
    }

    private async Task RunJobAsync(JsonObject job)
    {
        var (ns, name) = Where(job);
        if (job["metadata"]!["deletionTimestamp"] is not null || job["status"]?["conditions"] is not null || Stuck.ContainsKey($"{ns}/{name}")) return;
        var now = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        JsonObject Condition(string type, string reason, string message) => new()
        {
            ["type"] = type, ["status"] = "True", ["reason"] = reason, ["message"] = message, ["lastProbeTime"] = now, ["lastTransitionTime"] = now,
        };
        var status = Failing.TryGetValue($"{ns}/{name}", out var why)
            ? new JsonObject { ["startTime"] = now, ["failed"] = 1, ["conditions"] = new JsonArray(Condition("FailureTarget", "BackoffLimitExceeded", why), Condition("Failed", "BackoffLimitExceeded", why)) }
            : new JsonObject
            {
                ["startTime"] = now, ["completionTime"] = now, ["succeeded"] = 1,
                ["conditions"] = new JsonArray(Condition("SuccessCriteriaMet", "CompletionsReached", "done"), Condition("Complete", "CompletionsReached", "done")),
            };
        await SetStatusAsync("jobs", job, status);
    }

    private async Task RunClaimAsync(JsonObject claim)
    {
        if (claim["metadata"]!["deletionTimestamp"] is null) await SetStatusAsync("persistentvolumeclaims", claim, new JsonObject { ["phase"] = "Bound" });
    }

    private async Task ClaimAsync(JsonObject set, JsonObject template)
    {
        var (ns, name) = Where(set);
        var claim = template.DeepClone().AsObject();
        (claim["apiVersion"], claim["kind"]) = ("v1", "PersistentVolumeClaim");
        claim["metadata"]!["name"] = $"{template["metadata"]!["name"]}-{name}-0";
        await api.CreateAsync($"api/v1/namespaces/{ns}/persistentvolumeclaims", claim, stop.Token);
    }

    private async Task SetStatusAsync(string resource, JsonObject obj, JsonObject status)
    {
        // Its own patch brings an event: it must end there.
        if (status.All(m => JsonNode.DeepEquals(obj["status"]?[m.Key], m.Value))) return;
        await api.PatchAsync(PathOf(resource, obj) + "/status", new JsonObject { ["status"] = status }, stop.Token);
    }

    private static (string Namespace, string Name) Where(JsonObject obj) => ((string)obj["metadata"]!["namespace"]!, (string)obj["metadata"]!["name"]!);

    private static string PathOf(string resource, JsonObject obj) => Path(resource, Where(obj).Namespace, Where(obj).Name);

    private static string Path(string resource, string ns, string name) =>
        $"{resource switch { "jobs" => "apis/batch/v1", "persistentvolumeclaims" => "api/v1", _ => "apis/apps/v1" }}/namespaces/{ns}/{resource}/{name}";
}
