using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;

namespace KubeFlex.ApiServer.CustomResources;

/// <summary>Decides whether a definition's names are free in its group, and says so in its conditions (upstream's naming and establishing controllers).</summary>
internal static class NameAcceptance
{
    /// <summary>True when the definition's status changed.</summary>
    public static bool Settle(JsonObject crd, IReadOnlyList<JsonObject> all, DateTimeOffset now)
    {
        if (Meta.Deleting(crd)) return false;
        var spec = crd.Child("spec");
        var names = spec.Child("names");
        var changed = false;
        if (Conflict(crd, all) is var (reason, message))
        {
            changed |= DefinitionConditions.Set(crd, "NamesAccepted", "False", reason, message, now);
            if (!DefinitionConditions.IsTrue(crd, "Established"))
                changed |= DefinitionConditions.Set(crd, "Established", "False", "NotAccepted", "not all names are accepted", now);
            return changed;
        }
        changed |= DefinitionConditions.Set(crd, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now);
        if (!DefinitionConditions.IsTrue(crd, "Established"))
            changed |= DefinitionConditions.Set(crd, "Established", "True", "InitialNamesAccepted", "the initial names have been accepted", now);
        var status = crd.Child("status")!;
        if (!Meta.Same(status["acceptedNames"], names)) (status["acceptedNames"], changed) = (names?.DeepClone(), true);
        return changed;
    }

    private static (string, string)? Conflict(JsonObject crd, IReadOnlyList<JsonObject> all)
    {
        var names = crd.Child("spec").Child("names");
        var group = crd.Child("spec").Text("group");
        foreach (var other in all)
        {
            if (Meta.Name(other) == Meta.Name(crd) || other.Child("spec").Text("group") != group || other.Child("status").Child("acceptedNames") is not { } taken || taken.Text("plural").Length == 0) continue;
            var resources = Resources(taken).ToHashSet();
            if (resources.Contains(names.Text("plural"))) return ("PluralConflict", $"\"{names.Text("plural")}\" is already in use");
            if (names.Text("singular") is { Length: > 0 } singular && resources.Contains(singular)) return ("SingularConflict", $"\"{singular}\" is already in use");
            foreach (var s in names.List("shortNames").Strings())
                if (resources.Contains(s)) return ("ShortNamesConflict", $"\"{s}\" is already in use");
            var kinds = new[] { taken.Text("kind"), taken.Text("listKind") };
            if (kinds.Contains(names.Text("kind"))) return ("KindConflict", $"\"{names.Text("kind")}\" is already in use");
            if (names.Text("listKind") is { Length: > 0 } list && kinds.Contains(list)) return ("ListKindConflict", $"\"{list}\" is already in use");
        }
        return null;
    }

    private static IEnumerable<string> Resources(JsonObject names) =>
        new[] { names.Text("plural"), names.Text("singular") }.Concat(names.List("shortNames").Strings()).Where(n => n.Length > 0);
}
