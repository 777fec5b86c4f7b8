using System.Text.Json.Nodes;

namespace KubeFlex.EndToEnd.Harness;

/// <summary>The manifests in <c>Guide/</c>.</summary>
internal static class GuideFile
{
    public static string Path(string name) => System.IO.Path.Combine(Repository.Root, "test", "KubeFlex.EndToEnd", "Guide", $"{name}.yaml");

    /// <summary>An object's members in order, so that it can be compared as text.</summary>
    public static string Sorted(JsonNode obj) => new JsonObject(obj.AsObject().OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone()))).ToJsonString();
}
