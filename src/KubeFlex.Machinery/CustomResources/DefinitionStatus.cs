using System.Globalization;
using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>What the naming and establishing controllers of apiextensions-apiserver write, computed in one go.</summary>
internal static class DefinitionStatus
{
    public static JsonObject Compute(JsonObject crd, IEnumerable<JsonObject> others, DateTimeOffset now)
    {
        var name = crd.Obj("metadata").Str("name");
        var group = crd.Obj("spec").Str("group");
        var resources = new HashSet<string>(StringComparer.Ordinal);
        var kinds = new HashSet<string>(StringComparer.Ordinal);
        foreach (var other in others.Where(o => o.Obj("metadata").Str("name") != name && o.Obj("spec").Str("group") == group))
        {
            var taken = other.Obj("status").Obj("acceptedNames");
            foreach (var r in new[] { taken.Str("plural"), taken.Str("singular") }.Concat(taken.Items("shortNames").Select(s => s.AsString() ?? ""))) resources.Add(r);
            kinds.Add(taken.Str("kind"));
            kinds.Add(taken.Str("listKind"));
        }
        resources.Remove("");
        kinds.Remove("");

        var status = crd.Obj("status")?.DeepClone() as JsonObject ?? [];
        var (names, reason, message) = Accept(crd.Obj("spec").Obj("names") ?? [], status.Obj("acceptedNames") ?? [], resources, kinds);
        var accepted = reason == "NoConflicts";
        var conditions = status.Items("conditions").OfType<JsonObject>().Select(c => (JsonObject)c.DeepClone()).ToList();
        SetCondition(conditions, "NamesAccepted", accepted, reason, message, now);
        // Established never goes back: objects exist by then, whatever happens to the names.
        if (!conditions.Any(c => c.Str("type") == "Established" && c.Str("status") == "True"))
            SetCondition(conditions, "Established", accepted, accepted ? "InitialNamesAccepted" : "NotAccepted",
                accepted ? "the initial names have been accepted" : "not all names are accepted", now);
        return new JsonObject
        {
            ["acceptedNames"] = names,
            ["conditions"] = new JsonArray([.. conditions]),
            ["storedVersions"] = status.Get("storedVersions")?.DeepClone() ?? new JsonArray(),
        };
    }

    private static (JsonObject Names, string Reason, string Message) Accept(JsonObject wanted, JsonObject had, HashSet<string> resources, HashSet<string> kinds)
    {
        var (reason, message) = ("NoConflicts", "no conflicts found");
        var names = new JsonObject();
        Claim("kind", "KindConflict", kinds);
        Claim("listKind", "ListKindConflict", kinds);
        Claim("plural", "PluralConflict", resources);
        Claim("singular", "SingularConflict", resources);
        var own = had.Items("shortNames").Select(s => s.AsString()).ToHashSet();
        var conflicts = wanted.Items("shortNames").Select(s => s.AsString() ?? "").Where(s => !own.Contains(s) && resources.Contains(s)).Select(InUse).Distinct().ToList();
        if (conflicts.Count > 0)
        {
            (reason, message) = ("ShortNamesConflict", conflicts.Count == 1 ? conflicts[0] : $"[{string.Join(", ", conflicts)}]");
            Keep(had, "shortNames");
        }
        else Keep(wanted, "shortNames");
        Keep(wanted, "categories");
        return (names, reason, message);

        void Claim(string field, string conflict, HashSet<string> taken)
        {
            var value = wanted.Str(field);
            if (value != had.Str(field) && taken.Contains(value))
            {
                (reason, message) = (conflict, InUse(value));
                value = had.Str(field);
            }
            if (value.Length > 0 || field is "kind" or "plural") names[field] = value;
        }

        void Keep(JsonObject from, string field)
        {
            if (from.Arr(field) is { Count: > 0 } list) names[field] = list.DeepClone();
        }

        static string InUse(string name) => $"\"{name}\" is already in use";
    }

    private static void SetCondition(List<JsonObject> conditions, string type, bool holds, string reason, string message, DateTimeOffset now)
    {
        var state = holds ? "True" : "False";
        var old = conditions.Find(c => c.Str("type") == type);
        var since = old is not null && old.Str("status") == state && old.Str("lastTransitionTime") is { Length: > 0 } time
            ? time : now.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        var made = new JsonObject { ["lastTransitionTime"] = since, ["message"] = message, ["reason"] = reason, ["status"] = state, ["type"] = type };
        if (old is null) conditions.Add(made);
        else conditions[conditions.IndexOf(old)] = made;
    }
}
