using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Apply;

/// <summary>Who writes, for managed fields.</summary>
/// <param name="Manager">Field manager (at most 128 bytes, already validated).</param>
/// <param name="Kind">Kind and version the writer used.</param>
/// <param name="Resource">For error messages.</param>
/// <param name="Subresource">Subresource written to, or empty.</param>
/// <param name="Now">Time of the write.</param>
public sealed record Writer(string Manager, GroupVersionKind Kind, GroupResource Resource, string Subresource, DateTimeOffset Now);

/// <summary>Server-side apply and the managed fields of all other writes (structured-merge-diff's rules).</summary>
public static class FieldManager
{
    /// <summary>
    /// After create, update or a patch: gives <paramref name="updated"/> the managed fields that follow from what changed against
    /// <paramref name="live"/> (null at creation). If <paramref name="updated"/> carries an empty managedFields list, they are reset. Nothing
    /// changed: managed fields stay to the byte.
    /// </summary>
    public static void Update(JsonObject? live, JsonObject updated, Schema schema, Writer writer) => throw new NotImplementedException();

    /// <summary>
    /// Applies a configuration: returns the merged object with its managed fields. Conflicts with other managers are a 409 with one cause
    /// per field (upstream's words) unless <paramref name="force"/>. <paramref name="live"/> is null when the object is to be created.
    /// </summary>
    public static Result<JsonObject> Apply(JsonObject? live, JsonObject applied, Schema schema, Writer writer, bool force) => throw new NotImplementedException();
}
