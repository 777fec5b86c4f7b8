using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Kinds;

/// <summary>
/// Says what a refused update changed. Upstream prints a diff of its internal structs, which nobody but Go can print; ours names the members in the
/// same notation.
/// </summary>
internal static class SpecDiff
{
    internal static string Show(JsonObject before, JsonObject now)
    {
        var text = new System.Text.StringBuilder();
        foreach (var name in before.Select(m => m.Key).Union(now.Select(m => m.Key)).Order(StringComparer.Ordinal))
        {
            if (JsonAccess.Same(before[name], now[name])) continue;
            text.Append("\n- \"").Append(name).Append("\": ").Append(before[name]?.ToJsonString(Json.KubeJson.Relaxed) ?? "null");
            text.Append("\n+ \"").Append(name).Append("\": ").Append(now[name]?.ToJsonString(Json.KubeJson.Relaxed) ?? "null");
        }
        return text.Append('\n').ToString();
    }
}
