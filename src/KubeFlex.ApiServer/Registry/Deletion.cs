using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Requests;
using KubeFlex.ApiServer.Strategies;
using KubeFlex.Machinery.Errors;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Registry;

/// <summary>What became of an object that was to be deleted.</summary>
/// <param name="Object">The object as it was, or as it stays until its finalizers are done.</param>
/// <param name="Gone">It left the store.</param>
internal sealed record Deleted(byte[] Object, bool Gone);

/// <summary>Deletion: at once, or by a time of deletion that waits for finalizers (<c>registry/rest/delete.go</c>).</summary>
internal static class Deletion
{
    private const string Orphan = "orphan", Foreground = "foregroundDeletion";

    /// <summary>Nothing holds a deleting object any more.</summary>
    public static bool IsDone(ResourceEntry entry, JsonObject obj)
    {
        var m = Meta.Of(obj);
        if (!m.Has("deletionTimestamp") || Meta.HasFinalizers(obj) || (m.Number("deletionGracePeriodSeconds") ?? 0) != 0) return false;
        return entry.Info.StorageResource is not { Group: "", Resource: "namespaces" } || obj.Child("spec").List("finalizers") is not { Count: > 0 };
    }

    public static async Task<Result<Deleted>> DeleteAsync(ApiRequest r, string ns, string name, DeleteOptions options, CancellationToken cancellation)
    {
        var strategy = Strategy.For(r.Entry);
        if (strategy.MayDelete(name) is { } refused) return refused;
        var key = r.Entry.Key(ns, name);
        while (true)
        {
            var view = await r.Plane.Store.ViewAsync(cancellation);
            if (view.Get(key) is not { } found) return ApiError.NotFound(r.GroupResource, name);
            var live = ObjectAnswer.Parsed(r.Entry, found.Value);
            if (Unmet(r, live, options) is { } unmet) return unmet;

            var obj = (JsonObject)live.DeepClone();
            var change = new Change { Plane = r.Plane, Entry = r.Entry, User = r.User, View = view, Operation = "delete", Object = obj, Old = live, DryRun = options.DryRun, Request = r };
            SetFinalizers(r.Entry, obj, options);
            var grace = Grace(r.Entry, obj, options);
            var held = (!Meta.Deleting(obj) || r.Entry.Info.StorageResource.Resource == "namespaces") && strategy.BeginDelete(change);
            var stays = held || Meta.HasFinalizers(obj) || grace > 0;
            if (stays)
            {
                if (!Mark(obj, grace, r.Plane.Now)) return new Deleted(found.Value, false);
                if (Meta.Same(obj, live)) return new Deleted(found.Value, false);
            }
            if (options.DryRun) return new Deleted(ObjectBytes.EncodeAsIs(ObjectAnswer.ToStorage(r.Resource, obj)), !stays);

            Operation operation;
            if (stays)
            {
                var (value, at) = ObjectBytes.Encode(ObjectAnswer.ToStorage(r.Resource, obj));
                operation = new PutOperation(key, value, 0, at);
            }
            else
            {
                if (strategy.BeforeDelete(change) is { } kept) return kept;
                // A pod that goes at once is shown with the time of its deletion.
                if (r.Entry.Info.StorageResource is { Group: "", Resource: "pods" }) Mark(obj, 0, r.Plane.Now);
                operation = new DeleteOperation(key);
            }
            var result = await r.Plane.Store.CommitAsync(new Transaction(
                [new Compare(key, CompareTarget.ModRevision, CompareRelation.Equal, found.ModRevision), .. change.Compares], [operation, .. change.Operations], []), cancellation);
            if (!result.Succeeded) continue;
            await strategy.AfterAsync(change, cancellation);
            return stays ? new Deleted(result.Results[0].Written!.Value, false) : new Deleted(ObjectBytes.WithVersion(ObjectBytes.EncodeAsIs(ObjectAnswer.ToStorage(r.Resource, obj)), result.Revision), true);
        }
    }

    private static ApiError? Unmet(ApiRequest r, JsonObject live, DeleteOptions o)
    {
        var m = Meta.Of(live);
        if (o.Uid is { Length: > 0 } uid && uid != m.Text("uid"))
            return ApiError.Conflict(r.GroupResource, m.Text("name"), $"the UID in the precondition ({uid}) does not match the UID in record ({m.Text("uid")}). The object might have been deleted and then recreated");
        if (o.ResourceVersion is { Length: > 0 } version && version != m.Text("resourceVersion"))
            return ApiError.Conflict(r.GroupResource, m.Text("name"), $"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({m.Text("resourceVersion")}). The object might have been modified");
        return null;
    }

    // Propagation is remembered as a finalizer for the garbage collector.
    private static void SetFinalizers(ResourceEntry entry, JsonObject obj, DeleteOptions o)
    {
        var m = Meta.Of(obj);
        var finalizers = m.List("finalizers").Strings().ToList();
        var (orphan, foreground) = (finalizers.Contains(Orphan), finalizers.Contains(Foreground));
        if (o.Propagation is { } policy) (orphan, foreground) = (policy == "Orphan", policy == "Foreground");
        else if (o.OrphanDependents is { } wish) (orphan, foreground) = (wish, false);
        else if (!orphan && !foreground) orphan = OrphansByDefault(entry);
        var wanted = finalizers.Where(f => f is not (Orphan or Foreground)).ToList();
        if (orphan) wanted.Add(Orphan);
        if (foreground) wanted.Add(Foreground);
        if (wanted.SequenceEqual(finalizers)) return;
        if (wanted.Count == 0) m.Remove("finalizers");
        else m["finalizers"] = new JsonArray([.. wanted.Select(w => JsonValue.Create(w))]);
    }

    // For clients older than propagation policies.
    private static bool OrphansByDefault(ResourceEntry entry) =>
        entry.Info.StorageResource is { Group: "", Resource: "replicationcontrollers" } or { Group: "batch", Resource: "jobs" };

    private static long Grace(ResourceEntry entry, JsonObject obj, DeleteOptions o)
    {
        if (entry.Info.StorageResource is not { Group: "", Resource: "pods" }) return 0;
        var spec = obj.Child("spec");
        var grace = o.GracePeriodSeconds ?? spec.Number("terminationGracePeriodSeconds") ?? 30;
        // Nobody runs a pod that is not scheduled, and nothing runs in one that has ended.
        if (spec.Text("nodeName").Length == 0 || obj.Child("status").Text("phase") is "Failed" or "Succeeded") return 0;
        return grace < 0 ? 1 : grace;
    }

    // False: the object is being deleted already and not later than asked.
    private static bool Mark(JsonObject obj, long grace, DateTimeOffset now)
    {
        var m = Meta.Of(obj);
        if (m.Has("deletionTimestamp"))
        {
            if ((m.Number("deletionGracePeriodSeconds") ?? 0) <= grace) return true;
            var original = DateTimeOffset.Parse(m.Text("deletionTimestamp"), CultureInfo.InvariantCulture).AddSeconds(-(m.Number("deletionGracePeriodSeconds") ?? 0));
            m["deletionTimestamp"] = Meta.Time(original.AddSeconds(grace));
            m["deletionGracePeriodSeconds"] = grace;
            return true;
        }
        m["deletionTimestamp"] = Meta.Time(now.AddSeconds(grace));
        m["deletionGracePeriodSeconds"] = grace;
        if (m.Number("generation") is { } generation and > 0) m["generation"] = generation + 1;
        return true;
    }
}

/// <summary><c>metav1.DeleteOptions</c>, from the body or the query.</summary>
internal sealed record DeleteOptions(string? Uid, string? ResourceVersion, string? Propagation, bool? OrphanDependents, long? GracePeriodSeconds, bool DryRun)
{
    public static async ValueTask<Result<DeleteOptions>> ReadAsync(ApiRequest r)
    {
        var q = r.Options;
        if (q.Malformed is { } malformed) return malformed;
        if (!(await RequestBody.ReadAsync(r.Http.Request, r.Cancellation)).TryGet(out var body, out var error)) return error;
        DeleteOptions options;
        IReadOnlyList<string> dryRun = q.DryRun;
        using (body)
        {
            if (body.IsEmpty) options = new DeleteOptions(null, null, q.PropagationPolicy, q.OrphanDependents, q.GracePeriodSeconds, false);
            else
            {
                if (ObjectDecoder.MediaTypeOf(r) is not { } format) return ObjectDecoder.UnknownFormat();
                var kind = new Machinery.Objects.GroupVersionKind("meta.k8s.io", "v1", "DeleteOptions");
                if (!ObjectDecoder.Parse(r, body.Span, format, kind, "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", custom: false).TryGet(out var parsed, out error)) return error;
                var o = parsed.Object;
                if (o.Text("kind") is { Length: > 0 } other && other != "DeleteOptions") return ApiError.BadRequest($"decoded object cannot be converted to DeleteOptions");
                var preconditions = o.Child("preconditions");
                if (o.List("dryRun") is { } list) dryRun = [.. list.Strings()];
                options = new DeleteOptions(preconditions.Text("uid"), preconditions.Text("resourceVersion"),
                    o.Has("propagationPolicy") ? o.Text("propagationPolicy") : null, o.Flag("orphanDependents"), o.Number("gracePeriodSeconds"), false);
            }
        }
        return options.Validate(dryRun) is { } invalid ? invalid : options with { DryRun = dryRun.Count > 0 };
    }

    private ApiError? Validate(IReadOnlyList<string> dryRun)
    {
        var errors = new FieldErrors();
        if (Propagation is not null && OrphanDependents is not null) errors.Invalid("propagationPolicy", Propagation, "orphanDependents and deletionPropagation cannot be both set");
        if (Propagation is not (null or "Orphan" or "Background" or "Foreground")) errors.NotSupported("propagationPolicy", Propagation, ["Background", "Foreground", "Orphan", "nil"]);
        QueryOptions.ValidateDryRun(dryRun, errors);
        return errors.Count > 0 ? QueryOptions.Invalid("DeleteOptions", errors) : null;
    }
}
