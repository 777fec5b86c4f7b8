using System.Text.Json.Nodes;
using KubeFlex.Machinery.Kinds;

namespace KubeFlex.Operator.Objects;

/// <summary>
/// Whether an object still is what we asked for. It has more than we asked for, since the API fills in defaults and others add fields, list items and
/// annotations of theirs; it must not have less or other values. Items of a list are matched by what identifies them (the merge keys of the built-in
/// kinds); lists without such, by position.
/// </summary>
internal static class Drift
{
    private static readonly string[] Identities = ["name", "mountPath", "containerPort", "port", "uid", "host", "path"];

    public static bool Covers(JsonNode? live, JsonNode? desired) => Covers(live, desired, isAmount: false);

    private static bool Covers(JsonNode? live, JsonNode? desired, bool isAmount) => desired switch
    {
        null => true,
        JsonObject wanted => live is JsonObject there ? wanted.All(m => Covers(there[m.Key], m.Value, isAmount || m.Key is "requests" or "limits"))
            // The API leaves out what is empty.
            : live is null && wanted.Count == 0,
        JsonArray wanted => live is JsonArray there ? CoversList(there, wanted) : live is null && wanted.Count == 0,
        _ => live is JsonValue && (Same(live, desired) || (isAmount && SameAmount(live, desired))),
    };

    private static bool CoversList(JsonArray live, JsonArray wanted)
    {
        if (Array.Find(Identities, key => wanted.Count > 0 && wanted.All(w => w is JsonObject o && o[key] is JsonValue)) is not { } identity)
            return live.Count == wanted.Count && wanted.Zip(live).All(p => Covers(p.Second, p.First));
        return wanted.All(w => live.Any(l => l is JsonObject && Same(l[identity], w![identity]) && Covers(l, w)));
    }

    private static bool Same(JsonNode? a, JsonNode? b) => a is not null && b is not null && a.GetValueKind() == b.GetValueKind() && a.ToString() == b.ToString();

    // The API writes 1000m as 1.
    private static bool SameAmount(JsonNode a, JsonNode b) =>
        Quantity.TryParse(a.ToString(), out var x) && Quantity.TryParse(b.ToString(), out var y) && x.CompareTo(y) == 0;
}
