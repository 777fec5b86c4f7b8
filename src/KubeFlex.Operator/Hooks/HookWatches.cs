using System.Text.Json.Nodes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Informers;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Operator.Hooks;

/// <summary>
/// Watches what hooks made on the hosting cluster and is not ready yet: a control plane is looked at again when something of it becomes ready or fails. One
/// watch per kind, from the first time that one of the kind must be waited for; objects of hooks bear the control plane's name as a label.
/// </summary>
internal sealed class HookWatches(KubeClient client, TimeProvider time, ILogger log)
{
    private readonly Lock gate = new();
    private readonly Dictionary<ResourceRef, Informer> informers = [];
    private readonly List<Task> running = [];
    private Action<string>? changed;
    private CancellationToken stop;

    /// <summary>From now on <paramref name="controlPlaneChanged"/> is told; before, needs are only collected.</summary>
    public void Start(Action<string> controlPlaneChanged, CancellationToken cancellation)
    {
        lock (gate)
        {
            (changed, stop) = (controlPlaneChanged, cancellation);
            foreach (var informer in informers.Values) running.Add(informer.RunAsync(stop));
        }
    }

    /// <summary>Ends when the token of <see cref="Start"/> has been cancelled and all watches have ended.</summary>
    public Task WhenStoppedAsync()
    {
        lock (gate) return Task.WhenAll(running);
    }

    /// <summary>Somebody waits for an object of this collection.</summary>
    public void Need(ResourceRef target)
    {
        var collection = new ResourceRef(target.Group, target.Version, target.Resource);
        lock (gate)
        {
            if (informers.ContainsKey(collection) || stop.IsCancellationRequested) return;
            var informer = new Informer(client, collection, new InformerOptions
            {
                Query = $"labelSelector={Uri.EscapeDataString(Names.HookOfLabel)}",
                Transform = Skeleton,
            }, time, log);
            informer.OnChange(Tell);
            informers[collection] = informer;
            if (changed is not null) running.Add(informer.RunAsync(stop));
        }
    }

    private void Tell(ObjectChange change)
    {
        if ((string?)change.Latest["metadata"]?["labels"]?[Names.HookOfLabel] is not { } controlPlane) return;
        // What appears was just applied, and whoever did it knows, unless it came further meanwhile.
        var before = change.Old is { } old ? HookReadiness.Of(old) : default;
        if (change.New is not { } now || HookReadiness.Of(now) != before) changed?.Invoke(controlPlane);
    }

    /// <summary>What readiness is read from.</summary>
    private static JsonObject Skeleton(JsonObject obj)
    {
        var metadata = (JsonObject)obj["metadata"]!.DeepClone();
        metadata.Remove("managedFields");
        var kept = new JsonObject { ["apiVersion"] = obj["apiVersion"]?.DeepClone(), ["kind"] = obj["kind"]?.DeepClone(), ["metadata"] = metadata };
        if (obj["spec"]?["replicas"] is { } replicas) kept["spec"] = new JsonObject { ["replicas"] = replicas.DeepClone() };
        if (obj["status"] is { } status) kept["status"] = status.DeepClone();
        return kept;
    }
}
