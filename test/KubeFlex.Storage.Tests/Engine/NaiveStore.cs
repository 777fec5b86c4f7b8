using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Engine;

/// <summary>The store as one would write it on a napkin: a sorted copy of everything per revision.</summary>
internal sealed class NaiveStore
{
    public sealed record Item(string Value, long Create, long Mod, long Version, long Lease);

    /// <summary>A put, or a deletion when it has no value.</summary>
    public sealed record Change(string Key, string? Value, long Lease = 0);

    private readonly SortedDictionary<long, SortedDictionary<string, Item>> states = new() { [1] = new(StringComparer.Ordinal) };

    public long Revision { get; private set; } = 1;

    public long Compacted { get; private set; }

    public List<string> Events { get; } = [];

    public SortedDictionary<string, Item> Now => states[Revision];

    /// <summary>Numbers of the leases there are.</summary>
    public SortedSet<long> Leases { get; } = [];

    public IEnumerable<string> Between(string from, string to) => Now.Keys.Where(key => string.CompareOrdinal(key, from) >= 0 && string.CompareOrdinal(key, to) < 0);

    public IEnumerable<string> Held(long lease) => Now.Where(pair => pair.Value.Lease == lease).Select(pair => pair.Key);

    public void Revoke(long lease)
    {
        Apply([.. Held(lease).Select(key => new Change(key, null))]);
        Leases.Remove(lease);
    }

    public void Apply(IReadOnlyList<Change> changes)
    {
        var next = new SortedDictionary<string, Item>(Now, StringComparer.Ordinal);
        var revision = Revision + 1;
        var wrote = false;
        foreach (var (key, value, lease) in changes)
        {
            next.TryGetValue(key, out var old);
            if (value is null)
            {
                if (old is null) continue;
                next.Remove(key);
                Events.Add($"{revision}:-{key}=<{old.Value}");
            }
            else
            {
                next[key] = new(value, old?.Create ?? revision, revision, (old?.Version ?? 0) + 1, lease);
                Events.Add($"{revision}:+{key}={value}<{old?.Value}");
            }
            wrote = true;
        }
        if (!wrote) return;
        Revision = revision;
        states[revision] = next;
    }

    public void Compact(long revision) => Compacted = revision;

    public string? Range(string from, string to, long revision, int limit, bool keysOnly = false, bool countOnly = false)
    {
        if (revision == 0) revision = Revision;
        if (revision > Revision) return "future";
        if (revision < Compacted && revision != Revision) return "compacted";
        var all = states[revision].Where(pair => string.CompareOrdinal(pair.Key, from) >= 0 && string.CompareOrdinal(pair.Key, to) < 0).ToList();
        if (countOnly) return $"{all.Count} False ";
        var shown = limit > 0 ? all.Take(limit).ToList() : all;
        if (keysOnly) shown = [.. shown.Select(pair => KeyValuePair.Create(pair.Key, pair.Value with { Value = "" }))];
        return $"{all.Count} {shown.Count < all.Count} " + string.Join(' ', shown.Select(pair => $"{pair.Key}={pair.Value}"));
    }

    public static string Text(RangeResult result) => result.Status switch
    {
        ReadStatus.Future => "future",
        ReadStatus.Compacted => "compacted",
        _ => $"{result.Count} {result.More} " + string.Join(' ', result.Items.Select(item =>
            $"{S(item.Key)}={new Item(S(item.Value), item.CreateRevision, item.ModRevision, item.Version, item.Lease)}")),
    };
}
