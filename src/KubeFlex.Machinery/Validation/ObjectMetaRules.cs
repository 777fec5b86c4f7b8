using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Kinds;

namespace KubeFlex.Machinery.Validation;

/// <summary>Rules for <c>metadata</c> (<c>apimachinery/pkg/api/validation/objectmeta.go</c>).</summary>
public static class ObjectMetaRules
{
    private const int TotalAnnotationBytes = 256 * 1024;

    /// <summary>Checks name, generateName, namespace, labels, annotations, owner references, finalizers of a new object.</summary>
    public static void Validate(JsonObject obj, bool namespaced, Func<string, IReadOnlyList<string>>? nameRule, FieldErrors errors) =>
        Validate(obj.Object("metadata") ?? [], namespaced, nameRule, "metadata", errors);

    internal static void Validate(JsonObject meta, bool namespaced, Func<string, IReadOnlyList<string>>? nameRule, string path, FieldErrors errors)
    {
        nameRule ??= Names.DnsSubdomain;
        var prefix = meta.Text("generateName");
        if (prefix.Length > 0) Report(Names.Prefix(prefix, nameRule), $"{path}.generateName", prefix, errors);
        var name = meta.Text("name");
        // A generated name is in place when this runs; the prefix alone counts for callers that check before.
        if (name.Length == 0)
        {
            if (prefix.Length == 0) errors.Required($"{path}.name", "name or generateName is required");
        }
        else Report(nameRule(name), $"{path}.name", name, errors);
        var ns = meta.Text("namespace");
        if (!namespaced)
        {
            if (ns.Length > 0) errors.Forbidden($"{path}.namespace", "not allowed on this type");
        }
        else if (ns.Length == 0) errors.Required($"{path}.namespace");
        else Report(Names.DnsLabel(ns), $"{path}.namespace", ns, errors);
        if (meta.Number("generation") is < 0 and var generation) errors.Invalid($"{path}.generation", generation, "must be greater than or equal to 0");
        Labels(meta.Object("labels"), $"{path}.labels", errors);
        Annotations(meta.Object("annotations"), $"{path}.annotations", errors);
        OwnerReferences(meta, path, errors);
        Finalizers(meta, path, errors);
    }

    /// <summary>
    /// Checks what may not change: name, namespace, uid, creation and deletion times, finalizers added while deleting; and once more what an
    /// update may have spoilt: labels, annotations, owner references. An update needs no <see cref="Validate(JsonObject, bool, Func{string, IReadOnlyList{string}}?, FieldErrors)"/> beside it.
    /// </summary>
    public static void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        var meta = obj.Object("metadata") ?? [];
        var before = old.Object("metadata") ?? [];
        if (before.Text("deletionTimestamp").Length > 0)
        {
            var known = before.Texts("finalizers").ToHashSet(StringComparer.Ordinal);
            var added = meta.Texts("finalizers").Where(f => !known.Contains(f)).ToList();
            if (added.Count > 0)
                errors.Forbidden("metadata.finalizers", "no new finalizers can be added if the object is being deleted, found new finalizers " +
                    $"[]string{{{string.Join(", ", added.Order(StringComparer.Ordinal).Select(f => $"\"{f}\""))}}}");
        }
        if (meta.Number("generation") is { } generation && generation < (before.Number("generation") ?? 0))
            errors.Invalid("metadata.generation", generation, "must not be decremented");
        foreach (var field in (ReadOnlySpan<string>)["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"])
            if (!JsonNode.DeepEquals(meta[field], before[field]))
                errors.Invalid($"metadata.{field}", meta[field], "field is immutable");
        Labels(meta.Object("labels"), "metadata.labels", errors);
        Annotations(meta.Object("annotations"), "metadata.annotations", errors);
        OwnerReferences(meta, "metadata", errors);
    }

    internal static void Labels(JsonObject? labels, string path, FieldErrors errors)
    {
        foreach (var (key, value) in labels ?? [])
        {
            Report(Names.QualifiedName(key), path, key, errors);
            Report(Names.LabelValue(value.AsText()), path, value.AsText(), errors);
        }
    }

    internal static void Annotations(JsonObject? annotations, string path, FieldErrors errors)
    {
        long total = 0;
        foreach (var (key, value) in annotations ?? [])
        {
            // Only the prefix is case-insensitive upstream; the whole key is checked in lower case.
            Report(Names.QualifiedName(key.ToLowerInvariant()), path, key, errors);
            total += System.Text.Encoding.UTF8.GetByteCount(key) + System.Text.Encoding.UTF8.GetByteCount(value.AsText());
        }
        if (total > TotalAnnotationBytes) errors.TooLong(path, TotalAnnotationBytes);
    }

    private static void OwnerReferences(JsonObject meta, string metaPath, FieldErrors errors)
    {
        var path = $"{metaPath}.ownerReferences";
        string? controller = null;
        foreach (var owner in meta.Objects("ownerReferences"))
        {
            var (apiVersion, kind) = (owner.Text("apiVersion"), owner.Text("kind"));
            var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
            if (apiVersion[(slash + 1)..].Length == 0) errors.Invalid($"{path}.apiVersion", apiVersion, "version must not be empty");
            if (kind.Length == 0) errors.Invalid($"{path}.kind", kind, "must not be empty");
            if (owner.Text("name").Length == 0) errors.Invalid($"{path}.name", "", "must not be empty");
            if (owner.Text("uid").Length == 0) errors.Invalid($"{path}.uid", "", "must not be empty");
            if (kind == "Event" && apiVersion == "v1") errors.Invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner");
            if (!owner.Flag("controller")) continue;
            if (controller is null) controller = $"{kind}/{owner.Text("name")}";
            else
                errors.Invalid(path, meta["ownerReferences"],
                    $"Only one reference can have Controller set to true. Found \"true\" in references for {controller} and {kind}/{owner.Text("name")}");
        }
    }

    private static void Finalizers(JsonObject meta, string metaPath, FieldErrors errors)
    {
        var path = $"{metaPath}.finalizers";
        var finalizers = meta.Texts("finalizers").ToList();
        foreach (var finalizer in finalizers) Report(Names.QualifiedName(finalizer), path, finalizer, errors);
        if (finalizers.Contains("orphan") && finalizers.Contains("foregroundDeletion"))
            errors.Invalid(path, meta["finalizers"], "finalizer orphan and foregroundDeletion cannot be both set");
    }

    internal static void Report(IReadOnlyList<string> problems, string path, object? value, FieldErrors errors)
    {
        foreach (var problem in problems) errors.Invalid(path, value, problem);
    }
}
