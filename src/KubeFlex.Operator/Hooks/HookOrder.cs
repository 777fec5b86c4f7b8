using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;

namespace KubeFlex.Operator.Hooks;

/// <summary>A hook of a control plane in its place.</summary>
/// <param name="Reference">What the control plane says.</param>
/// <param name="Hook">The PostCreateHook, or null when it does not exist.</param>
/// <param name="DependsOn">Names of the hooks that come before it, of those that the control plane names.</param>
/// <param name="HasDependents">Whether others wait for it.</param>
/// <param name="Refusal">Why it cannot be applied, or null.</param>
internal sealed record OrderedHook(HookReference Reference, JsonObject? Hook, IReadOnlyList<string> DependsOn, bool HasDependents, string? Refusal)
{
    public string Name => Reference.Name;

    /// <summary>Applied again when it or its variables change.</summary>
    public bool FollowsChanges => (string?)Hook?["spec"]?["reapply"] == "OnChange";

    /// <summary>Applied into the control plane rather than to the hosting cluster.</summary>
    public bool IntoControlPlane => (string?)Hook?["spec"]?["target"] == "ControlPlane";

    public IEnumerable<JsonObject> Templates => (Hook?["spec"]?["templates"] as JsonArray ?? []).OfType<JsonObject>();
}

/// <summary>
/// Puts hooks in order: as the control plane names them, but each after those that it depends on. An example:
/// <code>
/// named: a b c d    a depends on c, c on b, d on d    →    b c a d, and d is refused
/// </code>
/// </summary>
internal static class HookOrder
{
    public static IReadOnlyList<OrderedHook> Of(IReadOnlyList<(HookReference Reference, JsonObject? Hook)> named)
    {
        var byName = named.ToDictionary(n => n.Reference.Name);
        var (order, path, seen) = (new List<string>(), new List<string>(), new HashSet<string>());
        var refusals = new Dictionary<string, string>();

        void Visit(string name)
        {
            if (path.IndexOf(name) is >= 0 and var start)
            {
                var circle = path.Skip(start).Append(name).ToList();
                var message = $"PostCreateHooks depend on each other in a circle: {string.Join(" → ", circle.Select(n => $"\"{n}\""))}; take one of these out of spec.dependsOn";
                foreach (var member in circle) refusals[member] = message;
                return;
            }
            if (!seen.Add(name)) return;
            path.Add(name);
            foreach (var before in DependsOn(byName[name].Hook))
            {
                if (byName.ContainsKey(before)) Visit(before);
                else refusals.TryAdd(name, $"PostCreateHook \"{name}\" depends on \"{before}\", which this control plane does not name; add it to spec.postCreateHooks");
            }
            path.RemoveAt(path.Count - 1);
            order.Add(name);
        }

        foreach (var (reference, _) in named) Visit(reference.Name);
        var wanted = named.SelectMany(n => DependsOn(n.Hook).Where(d => d != n.Reference.Name)).ToHashSet();
        return
        [
            .. order.Select(name => new OrderedHook(byName[name].Reference, byName[name].Hook, [.. DependsOn(byName[name].Hook).Where(byName.ContainsKey)],
                wanted.Contains(name), refusals.GetValueOrDefault(name))),
        ];
    }

    private static IEnumerable<string> DependsOn(JsonObject? hook) =>
        (hook?["spec"]?["dependsOn"] as JsonArray ?? []).Select(d => (string?)d ?? "").Where(d => d.Length > 0).Distinct();
}
