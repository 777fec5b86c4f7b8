using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Operator.Objects;

/// <summary>
/// Objects written as YAML, which is how people know them. What is put into the text must be a name, number or list that cannot break out of its
/// place: names are DNS labels, versions and host names are checked (<see cref="ControlPlanes.SpecRules"/>), anything else goes through <see cref="Text"/>.
/// </summary>
internal static class Manifest
{
    /// <summary>The object that the text describes.</summary>
    public static JsonObject Parse(string yaml) => ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(yaml)).TryGet(out var parsed, out var error) && parsed.Object.Count > 0
        ? parsed.Object
        : throw new InvalidOperationException($"a manifest of ours is no YAML object: {error?.Message}");

    /// <summary>A string as a YAML scalar, whatever is in it: JSON strings are YAML.</summary>
    public static string Text(string value) => JsonValue.Create(value).ToJsonString();

    /// <summary>A YAML list in flow style.</summary>
    public static string List(IEnumerable<string> values) => "[" + string.Join(", ", values.Select(Text)) + "]";

    /// <summary>A short hash.</summary>
    public static string Hash(params IEnumerable<string?> parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))).AsSpan(0, 16));

    /// <summary>The child object, made when absent.</summary>
    public static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject child) parent[name] = child = [];
        return child;
    }
}
