using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Apply;

/// <summary>Who writes, for managed fields.</summary>
/// <param name="Manager">Field manager (at most 128 bytes, already validated).</param>
/// <param name="Kind">Kind and version the writer used.</param>
/// <param name="Resource">For error messages.</param>
/// <param name="Subresource">Subresource written to, or empty.</param>
/// <param name="Now">Time of the write.</param>
public sealed record Writer(string Manager, GroupVersionKind Kind, GroupResource Resource, string Subresource, DateTimeOffset Now)
{
    /// <summary>
    /// Dotted paths (<c>status</c>, <c>metadata.labels</c>) that this endpoint does not write and that its writers therefore never own,
    /// with all below them: <c>status</c> for a resource with a status subresource, <c>spec</c> for the subresource.
    /// </summary>
    public IReadOnlyList<string> ResetFields { get; init; } = [];
}

/// <summary>Server-side apply and the managed fields of all other writes (structured-merge-diff's rules).</summary>
/// <remarks>
/// Who writes a field owns it. An update takes the fields that it changes from everybody; an apply owns what its configuration states, may
/// share a field whose value it does not change, and removes what it stated last time, states no more and nobody else owns.
/// </remarks>
public static class FieldManager
{
    private const string BeforeFirstApply = "before-first-apply";

    // What the server itself keeps is nobody's (stripMetaManager of k8s.io/apimachinery/pkg/util/managedfields).
    private static readonly FieldSet NeverOwned = FieldSet.Of(
        ["f:apiVersion"], ["f:kind"], ["f:metadata"], ["f:metadata", "f:name"], ["f:metadata", "f:namespace"], ["f:metadata", "f:creationTimestamp"],
        ["f:metadata", "f:selfLink"], ["f:metadata", "f:uid"], ["f:metadata", "f:clusterName"], ["f:metadata", "f:generation"],
        ["f:metadata", "f:managedFields"], ["f:metadata", "f:resourceVersion"]);

    /// <summary>
    /// After create, update or a patch: gives <paramref name="updated"/> the managed fields that follow from what changed against
    /// <paramref name="live"/> (null at creation). If <paramref name="updated"/> carries an empty managedFields list, they are reset. Nothing
    /// changed: managed fields stay to the byte.
    /// </summary>
    public static void Update(JsonObject? live, JsonObject updated, Schema schema, Writer writer)
    {
        var stated = (updated["metadata"] as JsonObject)?["managedFields"];
        var current = (live?["metadata"] as JsonObject)?["managedFields"];
        if (updated["metadata"] is JsonObject metadata) metadata.Remove("managedFields");

        var fromRequest = writer.Subresource.Length == 0;
        if (fromRequest && ManagedFields.IsReset(stated))
        {
            if (live is null) Track(new ManagedFields(), null, updated, schema, writer).WriteTo(updated);
            return;
        }
        // The list of the request counts, so that managers can be edited; clients that know nothing of it must not lose it.
        var list = fromRequest && stated is JsonArray { Count: > 0 } && !JsonValues.Same(stated, current) ? stated : current;
        var managed = ManagedFields.Read(list);
        if (managed.Entries.Count == 0 && ReferenceEquals(list, stated) && stated is not null) managed = ManagedFields.Read(list = current);
        // Who turned tracking off (by a reset) keeps it off until the next apply.
        if (live is not null && managed.Entries.Count == 0) return;
        Track(managed, live, updated, schema, writer).WriteTo(updated);
    }

    private static ManagedFields Track(ManagedFields managed, JsonObject? live, JsonObject updated, Schema schema, Writer writer)
    {
        var compare = Compare(schema, live ?? Shape.Fresh(schema), updated, writer);
        if (compare.IsSame) return managed;
        var touched = compare.Touched;
        managed.Disown(compare, touched, null);
        if (!touched.IsEmpty)
        {
            var name = writer.Manager.Length == 0 ? "unknown" : writer.Manager;
            var own = managed.Find(name, false, writer.Kind.ApiVersion, writer.Subresource);
            if (own is null)
            {
                own = new ManagedEntry { Manager = name, Applied = false, ApiVersion = writer.Kind.ApiVersion, Subresource = writer.Subresource, Fields = FieldSet.Empty };
                managed.Entries.Add(own);
            }
            own.Fields = own.Fields.Union(touched);
            own.Time = ManagedFields.Stamp(writer.Now);
        }
        managed.CapUpdaters();
        return managed;
    }

    private static TypedCompare Compare(Schema schema, JsonObject before, JsonObject after, Writer writer) =>
        TypedCompare.Of(schema, before, after).Without(NeverOwned, Reset(writer));

    private static FieldSet Reset(Writer writer) => writer.ResetFields.Count == 0
        ? FieldSet.Empty
        : FieldSet.Of([.. writer.ResetFields.Select(f => f.Split('.').Select(PathElement.Field).ToArray())]);

    /// <summary>
    /// Applies a configuration: returns the merged object with its managed fields. Conflicts with other managers are a 409 with one cause
    /// per field (upstream's words) unless <paramref name="force"/>. <paramref name="live"/> is null when the object is to be created.
    /// </summary>
    public static Result<JsonObject> Apply(JsonObject? live, JsonObject applied, Schema schema, Writer writer, bool force)
    {
        var apiVersion = applied["apiVersion"].AsString() ?? "";
        var kind = applied["kind"].AsString() ?? "";
        var version = GroupVersion.Parse(apiVersion) ?? new GroupVersion("", apiVersion);
        if (apiVersion != writer.Kind.ApiVersion || kind != writer.Kind.Kind)
            return ApiError.BadRequest($"invalid object type: {version.Group}/{version.Version}, Kind={kind}");
        var metadata = applied["metadata"] as JsonObject;
        if (metadata?["managedFields"] is not null) return ApiError.BadRequest("metadata.managedFields must be nil");

        var (stated, error) = TypedFields.Of(schema, applied);
        if (error is not null)
        {
            return new ApiError(500, "", $"failed to create typed patch object ({metadata?["namespace"].AsString()}/{metadata?["name"].AsString()}; "
                + $"{version.Group}/{version.Version}, Kind={kind}): {error}");
        }
        stated = stated.ExceptBelow(Reset(writer));

        var managed = ManagedFields.Read((live?["metadata"] as JsonObject)?["managedFields"]);
        var before = live is null ? [] : (JsonObject)live.DeepClone();
        (before["metadata"] as JsonObject)?.Remove("managedFields");
        if (live is not null && managed.Entries.Count == 0)
            managed = Track(managed, null, before, schema, writer with { Manager = BeforeFirstApply });

        var run = new ApplyRun(schema, before, applied, managed, stated, stated.Except(NeverOwned), writer);
        var result = run.Merge();
        var compare = Compare(schema, before, result, writer);
        var conflicts = run.Conflicts(compare);
        if (!force && conflicts.Any && writer.Manager == LastApplied.Manager && LastApplied.Owned(schema, before, writer.Kind) is { } upgradable)
            conflicts = conflicts.Without(upgradable);
        else if (force) conflicts = new ApplyConflicts();
        if (conflicts.Any) return conflicts.ToError();

        var changed = !JsonValues.Same(before, result);
        if (!changed) result = before;
        run.TakeOwnership(compare, changed);
        if (writer.Manager == LastApplied.Manager) LastApplied.Sync(result, applied);
        managed.WriteTo(result);
        return Ordered(result);
    }

    // Scans of stored objects stop early because these come first.
    private static JsonObject Ordered(JsonObject obj)
    {
        if (obj.Select(m => m.Key).Take(3).SequenceEqual(["apiVersion", "kind", "metadata"])) return obj;
        var ordered = new JsonObject();
        foreach (var name in (string[])["apiVersion", "kind", "metadata"])
            if (obj.Remove(name, out var value)) ordered[name] = value;
        foreach (var (name, value) in obj.ToList())
        {
            obj.Remove(name);
            ordered[name] = value;
        }
        return ordered;
    }
}
