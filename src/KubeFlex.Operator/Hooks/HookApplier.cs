using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Objects;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Queues;

namespace KubeFlex.Operator.Hooks;

/// <summary>Applies one rendered object of a hook to the hosting cluster.</summary>
internal sealed class HookApplier(HostingCluster hosting)
{
    /// <summary>A failed Job is tried again after half a minute, then ever later: whatever it needs may come.</summary>
    private static readonly BackoffOptions JobRetries = new() { Initial = TimeSpan.FromSeconds(30), Maximum = TimeSpan.FromMinutes(15) };

    /// <summary>Applies it and says how far it is: the answer of an apply bears the object's status, so that no second request is needed.</summary>
    public async Task<HookObjectState> ApplyAsync(ControlPlane cp, string hook, int index, JsonObject obj, CancellationToken cancellation)
    {
        var where = $"PostCreateHook \"{hook}\", template {index} ({(string?)obj["kind"] ?? "?"}/{(string?)obj["metadata"]?["name"] ?? "?"})";
        var target = await PlaceAsync(cp, obj, where, cancellation);
        try
        {
            if (IsJob(obj)) await RetryFailedJobAsync(target, obj, where, cancellation);
            return HookReadiness.Of(await hosting.Client.ApplyAsync(target, obj, force: false, cancellation));
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            // The kind went away since discovery, or the namespace did.
            hosting.Discovery.Invalidate(new GroupVersion(target.Group, target.Version));
            throw new ReconcileFailure($"{where}: {e.Message}");
        }
        catch (KubeApiException e) when (!e.IsTransient)
        {
            throw new ReconcileFailure($"{where}: {e.Message}");
        }
    }

    private async Task<ResourceRef> PlaceAsync(ControlPlane cp, JsonObject obj, string where, CancellationToken cancellation)
    {
        if ((string?)obj["apiVersion"] is not { Length: > 0 } apiVersion || (string?)obj["kind"] is not { Length: > 0 } kind || GroupVersion.Parse(apiVersion) is not { } version)
            throw new ReconcileFailure($"{where}: apiVersion and kind are required", permanent: true);
        if (obj["metadata"] is not JsonObject metadata || (string?)metadata["name"] is not { Length: > 0 } name)
            throw new ReconcileFailure($"{where}: metadata.name is required", permanent: true);
        var mapping = await hosting.Discovery.FindAsync(new GroupVersionKind(version.Group, version.Version, kind), cancellation)
            ?? throw new ReconcileFailure($"{where}: the hosting cluster does not serve kind \"{kind}\" of \"{apiVersion}\"");
        if (mapping.Namespaced)
        {
            if ((string?)metadata["namespace"] is { Length: > 0 } ns && ns != cp.Namespace)
                throw new ReconcileFailure($"{where}: metadata.namespace is \"{ns}\", but objects of hooks live in \"{cp.Namespace}\"; leave it out, or write {{{{.Namespace}}}}", permanent: true);
            metadata["namespace"] = cp.Namespace;
            return mapping.Collection.In(cp.Namespace).Named(name);
        }
        Child(metadata, "labels")[Names.ManagedByLabel] = Names.HookManagedBy;
        Child(metadata, "annotations")[Names.HookNamespaceAnnotation] = cp.Namespace;
        return mapping.Collection.Named(name);
    }

    /// <summary>Deletes a Job that failed when it is time for another attempt, so that applying it makes it run again; counts attempts in an annotation.</summary>
    private async Task RetryFailedJobAsync(ResourceRef target, JsonObject job, string where, CancellationToken cancellation)
    {
        if (await hosting.Client.FindAsync(target, cancellation) is not { } there) return;
        var attempt = int.TryParse((string?)there["metadata"]?["annotations"]?[Names.AttemptAnnotation], CultureInfo.InvariantCulture, out var n) ? n : 1;
        if (HookReadiness.FailedCondition(there) is { } failed)
        {
            var now = hosting.Time.GetUtcNow();
            var since = DateTimeOffset.TryParse((string?)failed["lastTransitionTime"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : now;
            var wait = since + JobRetries.Delay(attempt - 1) - now;
            if (wait > TimeSpan.Zero)
                throw new ReconcileFailure($"{where}: the Job failed (attempt {attempt}): {HookReadiness.Of(there).Failed}", retryAfter: wait);
            await hosting.Client.DeleteAsync(target, "Background", cancellation, (string?)there["metadata"]?["uid"]);
            attempt++;
        }
        if (attempt > 1) Child((JsonObject)job["metadata"]!, "annotations")[Names.AttemptAnnotation] = attempt.ToString(CultureInfo.InvariantCulture);
    }

    private static bool IsJob(JsonObject obj) => (string?)obj["kind"] == "Job" && ((string?)obj["apiVersion"] ?? "").StartsWith("batch/", StringComparison.Ordinal);

    private static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is JsonObject child) return child;
        parent[name] = child = [];
        return child;
    }
}
