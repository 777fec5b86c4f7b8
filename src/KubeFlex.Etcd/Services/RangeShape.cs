using KubeFlex.Etcd.Protocol;
using KubeFlex.Storage;
using Order = KubeFlex.Etcd.Protocol.RangeRequest.Types.SortOrder;
using StoredKey = KubeFlex.Storage.KeyValue;
using Target = KubeFlex.Etcd.Protocol.RangeRequest.Types.SortTarget;

namespace KubeFlex.Etcd.Services;

/// <summary>
/// What etcd's Range does beyond reading keys in order: bounds on revisions, sorting, and only then the limit. Everybody but curious people with etcdctl
/// sends plain ranges, and those go to the storage as they are.
/// </summary>
internal static class RangeShape
{
    public static void Check(RangeRequest request)
    {
        if (request.Key.Length == 0) throw EtcdErrors.EmptyKey();
        if (request.SortOrder is < Order.None or > Order.Descend || request.SortTarget is < Target.Key or > Target.Value) throw EtcdErrors.SortOption();
    }

    // Values are left out when the answer is written, which costs less than copies of keys without values.
    public static RangeQuery Query(RangeRequest request) => new(
        request.Key.Array(), request.RangeEnd.End(), Math.Max(0, request.Revision), (int)Math.Clamp(Limit(request), 0, int.MaxValue), false, request.CountOnly);

    public static (IReadOnlyList<StoredKey> Items, bool More) Apply(RangeRequest request, IReadOnlyList<StoredKey> items, bool more)
    {
        if (Plain(request) || request.CountOnly) return (items, more && !request.CountOnly);
        var kept = items.Where(item =>
            (request.MaxModRevision <= 0 || item.ModRevision <= request.MaxModRevision) && (request.MinModRevision <= 0 || item.ModRevision >= request.MinModRevision) &&
            (request.MaxCreateRevision <= 0 || item.CreateRevision <= request.MaxCreateRevision) && (request.MinCreateRevision <= 0 || item.CreateRevision >= request.MinCreateRevision));
        // Sorting by something but the key without an order means ascending (etcd: "Default to ascending").
        var down = request.SortOrder == Order.Descend;
        var list = (request.SortTarget switch
        {
            Target.Version => Sort(kept, item => item.Version, down),
            Target.Create => Sort(kept, item => item.CreateRevision, down),
            Target.Mod => Sort(kept, item => item.ModRevision, down),
            Target.Value => Sort(kept, item => item.Value, down, Lexical),
            _ => down ? kept.Reverse() : kept,
        }).ToList();
        if (request.Limit <= 0 || list.Count <= request.Limit) return (list, false);
        return (list.GetRange(0, (int)request.Limit), true);
    }

    private static Comparer<byte[]> Lexical { get; } = Comparer<byte[]>.Create((x, y) => x.AsSpan().SequenceCompareTo(y));

    private static bool Plain(RangeRequest request) => !Bounded(request) && request is { SortTarget: Target.Key, SortOrder: not Order.Descend };

    private static bool Bounded(RangeRequest request) => request is not { MaxModRevision: 0, MinModRevision: 0, MaxCreateRevision: 0, MinCreateRevision: 0 };

    /// <summary>
    /// How many keys are read. Who names what to sort by and no order gets, as from etcd, the first ones by key and one more, sorted, and then cut to the limit.
    /// </summary>
    private static long Limit(RangeRequest request) =>
        Plain(request) ? request.Limit : request is { SortOrder: Order.None, Limit: > 0 and < int.MaxValue } && !Bounded(request) ? request.Limit + 1 : 0;

    private static IEnumerable<StoredKey> Sort<T>(IEnumerable<StoredKey> items, Func<StoredKey, T> by, bool down, IComparer<T>? comparer = null) =>
        down ? items.OrderByDescending(by, comparer) : items.OrderBy(by, comparer);
}
