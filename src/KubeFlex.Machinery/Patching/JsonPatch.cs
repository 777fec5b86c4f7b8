using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Machinery.Patching;

/// <summary>RFC 6902.</summary>
public static class JsonPatch
{
    private const int MaxOperations = 10_000;

    // What copies may add up to, as upstream's accumulated copy size limit: doubling a document a few dozen times must not fill the memory.
    private const long MaxCopiedBytes = 3 * 1024 * 1024;

    /// <summary>Applies <paramref name="patch"/> to a copy of <paramref name="document"/>. A malformed patch is 400, one that does not apply (a failed test, a missing path) 422, in upstream's words.</summary>
    public static Result<JsonObject> Apply(JsonObject document, ReadOnlySpan<byte> patch)
    {
        if (!ObjectReader.ReadJsonNode(patch).TryGet(out var parsed, out var error)) return ApiError.BadRequest($"error decoding patch: {error.Message}");
        if (parsed is not JsonArray operations)
        {
            if (parsed is null) return (JsonObject)document.DeepClone();
            return ApiError.BadRequest($"error decoding patch: {ObjectReader.NotAn(parsed.GetValueKind(), "[]interface {}")}");
        }
        foreach (var operation in operations)
            if (operation is not (JsonObject or null)) return ApiError.BadRequest(ObjectReader.NotAn(operation.GetValueKind(), "jsonpatch.Operation"));
        if (operations.Count > MaxOperations)
            return ApiError.TooLarge($"The allowed maximum operations in a JSON patch is {MaxOperations}, got {operations.Count}");

        JsonNode? root = document.DeepClone();
        long copied = 0;
        foreach (var operation in operations)
            if (!Apply(ref root, operation as JsonObject, ref copied)) return DoesNotApply();
        return root is JsonObject result ? result : DoesNotApply();
    }

    // Upstream hides the reason from clients: a generic response for the code.
    private static ApiError DoesNotApply() =>
        new(422, "Invalid", "the server rejected our request due to an error in our request", new StatusDetails());

    private static bool Apply(ref JsonNode? root, JsonObject? operation, ref long copied)
    {
        if (operation?["op"].AsString() is not { } op || operation["path"].AsString() is not { } path) return false;
        switch (op)
        {
            case "add":
                return operation.ContainsKey("value") && Set(ref root, path, operation["value"]?.DeepClone(), insert: true);
            case "remove":
                return Take(root, path, out _);
            case "replace":
                return operation.ContainsKey("value") && Find(root, path, out _) && Set(ref root, path, operation["value"]?.DeepClone(), insert: false);
            case "test":
                // A test for null holds for a member that is not there.
                var found = Find(root, path, out var actual);
                return found ? JsonValues.Same(actual, operation["value"]) : operation["value"] is null && ParentExists(root, path);
            case "move":
                if (operation["from"].AsString() is not { } from || path.StartsWith(from + "/", StringComparison.Ordinal)) return false;
                return Take(root, from, out var moved) && Set(ref root, path, moved, insert: true);
            case "copy":
                if (operation["from"].AsString() is not { } source || !Find(root, source, out var original)) return false;
                copied += original is null ? 4 : KubeJson.ToUtf8(original).Length;
                return copied <= MaxCopiedBytes && Set(ref root, path, original?.DeepClone(), insert: true);
            default:
                return false;
        }
    }

    private static bool Find(JsonNode? root, string path, out JsonNode? value)
    {
        value = root;
        if (path.Length == 0) return true;
        if (!Parent(root, path, out var parent, out var name)) return false;
        switch (parent)
        {
            case JsonObject o: return o.TryGetPropertyValue(name, out value);
            case JsonArray a when Index(name, a.Count, out var i) && i < a.Count:
                value = a[i];
                return true;
            default: return false;
        }
    }

    private static bool ParentExists(JsonNode? root, string path) => Parent(root, path, out var parent, out _) && parent is JsonObject;

    private static bool Set(ref JsonNode? root, string path, JsonNode? value, bool insert)
    {
        if (path.Length == 0)
        {
            root = value;
            return true;
        }
        if (!Parent(root, path, out var parent, out var name)) return false;
        switch (parent)
        {
            case JsonObject o:
                o[name] = value;
                return true;
            case JsonArray a when insert && name == "-":
                a.Add(value);
                return true;
            case JsonArray a when insert && Index(name, a.Count + 1, out var i) && i <= a.Count:
                a.Insert(i, value);
                return true;
            case JsonArray a when !insert && Index(name, a.Count, out var i) && i < a.Count:
                a[i] = value;
                return true;
            default: return false;
        }
    }

    private static bool Take(JsonNode? root, string path, out JsonNode? value)
    {
        value = null;
        if (path.Length == 0 || !Parent(root, path, out var parent, out var name)) return false;
        switch (parent)
        {
            case JsonObject o when o.TryGetPropertyValue(name, out value):
                return o.Remove(name);
            case JsonArray a when Index(name, a.Count, out var i) && i < a.Count:
                value = a[i];
                a.RemoveAt(i);
                return true;
            default: return false;
        }
    }

    private static bool Parent(JsonNode? root, string path, [NotNullWhen(true)] out JsonNode? parent, out string name)
    {
        name = "";
        parent = root;
        // A pointer starts with a slash (RFC 6901).
        if (path[0] != '/') return false;
        var segments = path[1..].Split('/');
        for (var s = 0; s < segments.Length - 1; s++)
        {
            parent = (parent, Unescape(segments[s])) switch
            {
                (JsonObject o, var key) => o[key],
                (JsonArray a, var key) when Index(key, a.Count, out var i) && i < a.Count => a[i],
                _ => null,
            };
            if (parent is null) return false;
        }
        name = Unescape(segments[^1]);
        return parent is not null;
    }

    private static string Unescape(string segment) => segment.Contains('~', StringComparison.Ordinal)
        ? segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal) : segment;

    // evanphx/json-patch counts negative indices from the end.
    private static bool Index(string text, int count, out int index)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out index)) return false;
        if (index < 0) index += count;
        return index >= 0;
    }
}
