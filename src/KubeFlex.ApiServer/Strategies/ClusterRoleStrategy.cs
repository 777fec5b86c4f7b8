using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Selectors;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Strategies;

/// <summary>
/// Aggregated cluster roles. Upstream's aggregation controller writes the union of the selected roles' rules; here it is done right after
/// the write that changes one of them, so that no controller has to watch.
/// </summary>
internal sealed class ClusterRoleStrategy : Strategy
{
    public override async ValueTask AfterAsync(Change change, CancellationToken cancellation)
    {
        if (change.DryRun) return;
        for (var attempt = 0; attempt < 8; attempt++)
        {
            var view = await change.Plane.Store.ViewAsync(cancellation);
            var (compares, operations) = Recompute(change.Entry, view);
            if (operations.Count == 0) return;
            if ((await change.Plane.Store.CommitAsync(new Transaction(compares, operations, []), cancellation)).Succeeded) return;
        }
    }

    private static (List<Compare>, List<Operation>) Recompute(ResourceEntry entry, StoreView view)
    {
        var (start, end) = entry.Range("");
        var all = view.Range(new RangeQuery(start, end)).Items;
        var (compares, operations) = (new List<Compare>(), new List<Operation>());
        foreach (var kv in all)
        {
            if (kv.Value.AsSpan().IndexOf("\"aggregationRule\":"u8) < 0) continue;
            var role = ObjectBytes.Parse(kv.Value);
            var rules = Aggregate(role, all);
            if (rules is null || Meta.Same(rules, role["rules"]) || rules.Count == 0 && role.List("rules") is null or { Count: 0 }) continue;
            role["rules"] = rules;
            var (value, at) = ObjectBytes.Encode(role);
            compares.Add(new Compare(kv.Key, CompareTarget.ModRevision, CompareRelation.Equal, kv.ModRevision));
            operations.Add(new PutOperation(kv.Key, value, 0, at));
        }
        return (compares, operations);
    }

    private static JsonArray? Aggregate(JsonObject role, IReadOnlyList<KeyValue> all)
    {
        var rules = new JsonArray();
        foreach (var selector in role.Child("aggregationRule").List("clusterRoleSelectors").Objects())
        {
            if (!LabelSelector.FromObject(selector).TryGet(out var labels, out _)) return null;
            foreach (var kv in all)
            {
                if (!labels.MatchesJson(kv.Value)) continue;
                var other = ObjectBytes.Parse(kv.Value);
                if (Meta.Name(other) == Meta.Name(role)) continue;
                foreach (var rule in other.List("rules").Objects())
                    if (!rules.Any(r => Meta.Same(r, rule))) rules.Add(rule.DeepClone());
            }
        }
        return rules;
    }
}
