using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;

namespace KubeFlex.Machinery.Apply;

/// <summary>One apply: the merge, the removal of what is no longer stated, who is in the way, who owns what in the end.</summary>
/// <param name="schema">Shape of the object.</param>
/// <param name="live">The object as it is, without managed fields; empty when it is to be created.</param>
/// <param name="applied">The configuration.</param>
/// <param name="managed">Who owns what so far.</param>
/// <param name="stated">All that the configuration states, its name and kind too: these keep metadata from being pruned.</param>
/// <param name="claimed">What of it can be owned.</param>
/// <param name="writer">Who applies.</param>
internal sealed class ApplyRun(Schema schema, JsonObject live, JsonObject applied, ManagedFields managed, FieldSet stated, FieldSet claimed, Writer writer)
{
    private readonly ManagedEntry? own = managed.Find(writer.Manager, true, writer.Kind.ApiVersion, writer.Subresource);

    /// <summary>The live object with the configuration laid over it, without the fields that only this applier's last configuration asked for.</summary>
    internal JsonObject Merge()
    {
        var merged = TypedMerge.Merge(schema, live, applied);
        if (own is null || own.Fields.IsEmpty) return merged;

        var last = TypedRemove.WithDeclaredParents(schema, own.Fields);
        var pruned = TypedRemove.Remove(schema, merged, last);

        // Removing an item or a member removed all below it: what anybody owns there comes back ...
        var owned = managed.Entries.Where(e => !ReferenceEquals(e, own)).Aggregate(stated, (all, e) => all.Union(e.Fields));
        var all = Fields(merged);
        var gone = all.Except(Fields(pruned).Union(TypedRemove.WithDeclaredParents(schema, owned)));
        pruned = TypedRemove.Remove(schema, merged, gone);

        // ... and so does what this applier never owned.
        return TypedRemove.Remove(schema, merged, all.Except(Fields(pruned)).Intersect(last));
    }

    internal ApplyConflicts Conflicts(TypedCompare compare)
    {
        var conflicts = new ApplyConflicts();
        var touched = compare.Touched;
        foreach (var entry in managed.Entries)
            if (!ReferenceEquals(entry, own)) conflicts.Add(entry, entry.Fields.Intersect(touched));
        return conflicts;
    }

    /// <summary>The time moves only when the object changed.</summary>
    internal void TakeOwnership(TypedCompare compare, bool changed)
    {
        var entry = own;
        if (entry is null)
        {
            entry = new ManagedEntry { Manager = writer.Manager, Applied = true, ApiVersion = writer.Kind.ApiVersion, Subresource = writer.Subresource, Fields = claimed };
            managed.Entries.Add(entry);
        }
        else
        {
            if (!entry.Fields.SetEquals(claimed)) entry.Fields = claimed;
            entry.ApiVersion = writer.Kind.ApiVersion;
        }
        if (changed) entry.Time = ManagedFields.Stamp(writer.Now);
        managed.Disown(compare, compare.Touched, entry);
    }

    private FieldSet Fields(JsonObject value) => TypedRemove.WithDeclaredParents(schema, TypedFields.Of(schema, value).Set);
}
