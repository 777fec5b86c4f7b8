using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables;

/// <summary>Selectors as one line: <c>a=b,c in (d,e),!f</c>.</summary>
internal static class SelectorFormat
{
    /// <summary>A LabelSelector, or a map of labels. Nothing selected by gives <paramref name="none"/>.</summary>
    public static string Format(JsonObject? selector, string none = "<none>")
    {
        if (selector is null or { Count: 0 }) return none;
        var isSelector = selector.ContainsKey("matchExpressions") || selector.Get("matchLabels") is JsonObject;
        if (!isSelector) return Labels(selector, none);
        var terms = (selector.Obj("matchLabels") ?? []).Select(p => (p.Key, Text: $"{p.Key}={p.Value.AsString()}")).ToList();
        foreach (var e in selector.Items("matchExpressions"))
        {
            var key = e.Str("key");
            var values = string.Join(',', e.Items("values").Select(v => v.AsString()).Order(StringComparer.Ordinal));
            terms.Add((key, e.Str("operator") switch
            {
                "In" => $"{key} in ({values})",
                "NotIn" => $"{key} notin ({values})",
                "Exists" => key,
                _ => $"!{key}",
            }));
        }
        return terms.Count == 0 ? none : string.Join(',', terms.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => t.Text));
    }

    /// <summary>Labels as <c>a=b,c=d</c>, sorted.</summary>
    public static string Labels(JsonObject? labels, string none = "<none>") =>
        labels is null or { Count: 0 } ? none : string.Join(',', labels.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value.AsString()}"));
}
