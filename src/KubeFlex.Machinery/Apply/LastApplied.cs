using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Json;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Apply;

/// <summary>
/// The way from kubectl's client-side apply to server-side apply: what its annotation says it applied last, and what still has that value,
/// <c>kubectl</c> may take without force; and the annotation follows, so that the way back is open too.
/// </summary>
internal static class LastApplied
{
    internal const string Manager = "kubectl";
    private const string Annotation = "kubectl.kubernetes.io/last-applied-configuration";

    // The limit for all annotations of an object.
    private const int MaxAnnotations = 256 * 1024;

    internal static FieldSet? Owned(Schema schema, JsonObject live, GroupVersionKind kind)
    {
        if (Annotations(live)?[Annotation].AsString() is not { } text) return null;
        var read = ObjectReader.ReadJson(Encoding.UTF8.GetBytes(text));
        if (read.Error is not null || read.Value.Object["apiVersion"].AsString() != kind.ApiVersion) return null;
        var last = read.Value.Object;
        var (fields, error) = TypedFields.Of(schema, last);
        if (error is not null) return null;
        var compare = TypedCompare.Of(schema, last, live);
        return fields.Except(compare.Touched).Except(compare.Removed);
    }

    internal static void Sync(JsonObject result, JsonObject applied)
    {
        if (Annotations(result) is not { } annotations || !annotations.ContainsKey(Annotation)) return;
        var copy = (JsonObject)applied.DeepClone();
        if (Annotations(copy) is { } own) own.Remove(Annotation);
        annotations[Annotation] = Sorted(copy)!.ToJsonString(KubeJson.Relaxed) + "\n";
        var size = annotations.Sum(a => a.Key.Length + Encoding.UTF8.GetByteCount(a.Value.AsString() ?? ""));
        if (size > MaxAnnotations) annotations.Remove(Annotation);
    }

    private static JsonObject? Annotations(JsonObject obj) => (obj["metadata"] as JsonObject)?["annotations"] as JsonObject;

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject o => new JsonObject(o.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, Sorted(m.Value)))),
        JsonArray a => new JsonArray([.. a.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
