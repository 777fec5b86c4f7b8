using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Kinds;

/// <summary>
/// The quality of service class of a pod: Guaranteed when every container limits cpu and memory and asks for as much, BestEffort when none asks
/// for or limits anything, else Burstable.
/// </summary>
internal static class QualityOfService
{
    internal static string Of(JsonObject spec)
    {
        var containers = spec.Objects("containers").Concat(spec.Objects("initContainers")).Select(c => c.Object("resources"));
        // Resources of the whole pod outweigh those of its containers.
        var all = spec.Object("resources") is { Count: > 0 } pod ? [pod] : containers.ToList();
        if (all.All(r => Counted(r, "requests").Count == 0 && Counted(r, "limits").Count == 0)) return "BestEffort";
        return all.All(IsGuaranteed) ? "Guaranteed" : "Burstable";
    }

    private static bool IsGuaranteed(JsonObject? resources)
    {
        var (requests, limits) = (Counted(resources, "requests"), Counted(resources, "limits"));
        return limits.Count == 2 && requests.All(r => limits.TryGetValue(r.Key, out var limit) && limit == r.Value);
    }

    private static Dictionary<string, Quantity> Counted(JsonObject? resources, string list) =>
        (resources.Object(list) ?? []).Where(r => r.Key is "cpu" or "memory").Select(r => (r.Key, Amount: Quantity.ParseOrZero(r.Value.AsText())))
            .Where(r => r.Amount.Sign > 0).ToDictionary(r => r.Key, r => r.Amount);
}
