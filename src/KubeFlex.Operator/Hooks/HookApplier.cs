using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Objects;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Discovery;
using KubeFlex.Runtime.Queues;

namespace KubeFlex.Operator.Hooks;

/// <summary>Applies rendered objects of a hook.</summary>
internal sealed class HookApplier(TimeProvider time, HookDestination to, ControlPlane cp, string hook)
{
    /// <summary>A failed Job is tried again after half a minute, then ever later: whatever it needs may come.</summary>
    private static readonly BackoffOptions JobRetries = new() { Initial = TimeSpan.FromSeconds(30), Maximum = TimeSpan.FromMinutes(15) };

    /// <summary>
    /// Applies it and says how far it is: the answer of an apply bears the object's status, so that no second request is needed. A Job that was made from
    /// another <paramref name="revision"/> is run again, since its pods cannot change; null leaves one that is there alone.
    /// </summary>
    public async Task<HookObjectState> ApplyAsync(int index, JsonObject obj, string? revision, CancellationToken cancellation)
    {
        var where = Where(index, obj);
        var target = await PlaceAsync(obj, where, cancellation);
        try
        {
            if (IsJob(obj))
            {
                if (revision is not null) Child((JsonObject)obj["metadata"]!, "annotations")[Names.RevisionAnnotation] = revision;
                var there = await to.Client.FindAsync(target, cancellation);
                if (there is not null && revision is not null && (string?)there["metadata"]?["annotations"]?[Names.RevisionAnnotation] != revision)
                    await to.Client.DeleteAsync(target, "Background", cancellation, (string?)there["metadata"]?["uid"]);
                else if (there is not null)
                    await RetryFailedJobAsync(target, there, obj, where, cancellation);
            }
            return Watched(target, HookReadiness.Of(await to.Client.ApplyAsync(target, obj, force: false, cancellation)));
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            // The kind went away since discovery, or the namespace did.
            to.Discovery.Invalidate(new GroupVersion(target.Group, target.Version));
            throw new ReconcileFailure($"{where}: {e.Message}");
        }
        catch (KubeApiException e) when (!e.IsTransient)
        {
            throw new ReconcileFailure($"{where}: {e.Message}");
        }
    }

    /// <summary>Looks after a Job of a hook that was applied already: whether it has ended. One that failed is reported and run again in time.</summary>
    public async Task<bool> HasEndedAsync(int index, JsonObject job, string? revision, CancellationToken cancellation)
    {
        var target = await PlaceAsync(job, Where(index, job), cancellation);
        // Gone means that it ended and was cleaned up.
        if (await to.Client.FindAsync(target, cancellation) is not { } there || HookReadiness.Of(there).IsReady) return true;
        if (HookReadiness.FailedCondition(there) is null) return Watched(target, HookReadiness.Of(there)).IsReady;
        return (await ApplyAsync(index, job, revision, cancellation)).IsReady;
    }

    public static bool IsJob(JsonObject obj) => (string?)obj["kind"] == "Job" && ((string?)obj["apiVersion"] ?? "").StartsWith("batch/", StringComparison.Ordinal);

    private HookObjectState Watched(ResourceRef target, HookObjectState state)
    {
        if (!state.IsReady) to.Watches?.Need(target);
        return state;
    }

    public string Where(int index, JsonObject obj) => $"PostCreateHook \"{hook}\", template {index} ({(string?)obj["kind"] ?? "?"}/{(string?)obj["metadata"]?["name"] ?? "?"})";

    private async Task<ResourceRef> PlaceAsync(JsonObject obj, string where, CancellationToken cancellation)
    {
        if ((string?)obj["apiVersion"] is not { Length: > 0 } apiVersion || (string?)obj["kind"] is not { Length: > 0 } kind || GroupVersion.Parse(apiVersion) is not { } version)
            throw new ReconcileFailure($"{where}: apiVersion and kind are required", permanent: true);
        if (obj["metadata"] is not JsonObject metadata || (string?)metadata["name"] is not { Length: > 0 } name)
            throw new ReconcileFailure($"{where}: metadata.name is required", permanent: true);
        var mapping = await to.Discovery.FindAsync(new GroupVersionKind(version.Group, version.Version, kind), cancellation)
            ?? throw new ReconcileFailure($"{where}: {to.Name} does not serve kind \"{kind}\" of \"{apiVersion}\"");
        if (to.IsTenant) return PlaceInTenant(metadata, mapping, name);
        Child(metadata, "labels")[Names.HookOfLabel] = cp.Name;
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

    /// <summary>The tenant's namespaces are the template's business, and what is in it goes with it.</summary>
    private static ResourceRef PlaceInTenant(JsonObject metadata, ResourceMapping mapping, string name)
    {
        if (!mapping.Namespaced) return mapping.Collection.Named(name);
        if ((string?)metadata["namespace"] is not { Length: > 0 } ns) metadata["namespace"] = ns = "default";
        return mapping.Collection.In(ns).Named(name);
    }

    /// <summary>Deletes a Job that failed when it is time for another attempt, so that applying it makes it run again; counts attempts in an annotation.</summary>
    private async Task RetryFailedJobAsync(ResourceRef target, JsonObject there, JsonObject job, string where, CancellationToken cancellation)
    {
        var attempt = int.TryParse((string?)there["metadata"]?["annotations"]?[Names.AttemptAnnotation], CultureInfo.InvariantCulture, out var n) ? n : 1;
        if (HookReadiness.FailedCondition(there) is { } failed)
        {
            var now = time.GetUtcNow();
            var since = DateTimeOffset.TryParse((string?)failed["lastTransitionTime"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : now;
            var wait = since + JobRetries.Delay(attempt - 1) - now;
            if (wait > TimeSpan.Zero)
                throw new ReconcileFailure($"{where}: the Job failed (attempt {attempt}): {HookReadiness.Of(there).Failed}", retryAfter: wait);
            await to.Client.DeleteAsync(target, "Background", cancellation, (string?)there["metadata"]?["uid"]);
            attempt++;
        }
        if (attempt > 1) Child((JsonObject)job["metadata"]!, "annotations")[Names.AttemptAnnotation] = attempt.ToString(CultureInfo.InvariantCulture);
    }

    private static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is JsonObject child) return child;
        parent[name] = child = [];
        return child;
    }
}
