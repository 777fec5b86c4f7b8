using KubeFlex.Machinery.Errors;

namespace KubeFlex.Machinery.Apply;

/// <summary>Fields that others own and an applier would change.</summary>
internal sealed class ApplyConflicts
{
    private readonly List<(ManagedEntry Owner, FieldSet Fields)> conflicts = [];

    internal bool Any => conflicts.Count > 0;

    internal FieldSet All => conflicts.Aggregate(FieldSet.Empty, (all, c) => all.Union(c.Fields));

    internal void Add(ManagedEntry owner, FieldSet fields)
    {
        if (!fields.IsEmpty) conflicts.Add((owner, fields));
    }

    /// <summary>What is left when some fields may be taken.</summary>
    internal ApplyConflicts Without(FieldSet allowed)
    {
        var rest = new ApplyConflicts();
        foreach (var (owner, fields) in conflicts) rest.Add(owner, fields.Except(allowed));
        return rest;
    }

    /// <summary>The 409; owners in the order of their identifiers, where upstream's order is random for causes.</summary>
    internal ApiError ToError()
    {
        var sorted = conflicts.OrderBy(c => c.Owner.Manager, StringComparer.Ordinal).ThenBy(c => c.Owner.Applied ? 0 : 1).ThenBy(c => c.Owner.ApiVersion, StringComparer.Ordinal)
            .ThenBy(c => c.Owner.Subresource, StringComparer.Ordinal).Select(c => (Owner: c.Owner.ToString(), Paths: c.Fields.Paths().Select(FieldSet.Display).ToList())).ToList();
        var causes = sorted.SelectMany(c => c.Paths.Select(p => new StatusCause("FieldManagerConflict", $"conflict with {c.Owner}", p))).ToList();
        var message = causes.Count == 1
            ? $"Apply failed with 1 conflict: {causes[0].Message}: {causes[0].Field}"
            : $"Apply failed with {causes.Count} conflicts: {string.Join('\n', sorted.SelectMany(c => c.Paths.Select(p => $"- {p}").Prepend($"conflicts with {c.Owner}:")))}";
        return new ApiError(409, "Conflict", message, new StatusDetails(Causes: causes));
    }
}
