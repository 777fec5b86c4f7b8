using System.Buffers.Text;
using System.Collections.Immutable;

namespace KubeFlex.Storage.Engine;

/// <summary>
/// One execution of a transaction on top of a tree. Nothing existing is changed: the outcome is a new tree and the versions that lead to it,
/// so that throwing anywhere leaves no trace.
/// </summary>
internal sealed class TransactionRun(VersionTree tree, long revision, long sequence, CompactionMark compacted, ImmutableDictionary<long, Lease> leases)
{
    private readonly long writes = revision + 1;
    private List<bool>? nestedOutcomes;
    private int nestedTaken;

    public VersionTree Tree { get; private set; } = tree;

    /// <summary>New versions in order; null when the transaction wrote nothing and therefore takes no revision.</summary>
    public List<KeyValue>? Changes { get; private set; }

    public long Sequence { get; private set; } = sequence;

    public long Revision => Changes is null ? revision : writes;

    public TransactionResult Execute(Transaction transaction)
    {
        // All comparisons, nested ones too, look at the state before the first operation (etcd: compareToPath).
        var succeeded = Decide(transaction);
        return Run(transaction, succeeded);
    }

    private bool Decide(Transaction transaction)
    {
        var holds = true;
        foreach (var compare in transaction.Compares) holds = holds && Holds(compare);
        foreach (var operation in holds ? transaction.Success : transaction.Failure)
        {
            if (operation is not NestedOperation nested) continue;
            nestedOutcomes ??= [];
            var slot = nestedOutcomes.Count;
            nestedOutcomes.Add(false);
            nestedOutcomes[slot] = Decide(nested.Transaction);
        }
        return holds;
    }

    private TransactionResult Run(Transaction transaction, bool succeeded)
    {
        var operations = succeeded ? transaction.Success : transaction.Failure;
        var results = operations.Count == 0 ? [] : new OperationResult[operations.Count];
        for (var i = 0; i < results.Length; i++)
        {
            results[i] = operations[i] switch
            {
                PutOperation put => Put(put),
                DeleteOperation delete => Delete(delete),
                RangeOperation range => Range(range.Query),
                NestedOperation nested => new OperationResult([], 0, Nested: Run(nested.Transaction, nestedOutcomes![nestedTaken++])),
                _ => throw new StorageException(StorageFailure.Invalid, $"unknown operation {operations[i].GetType().Name}"),
            };
        }
        return new(succeeded, Revision, results);
    }

    private OperationResult Put(PutOperation put)
    {
        var older = Tree.Find(put.Key);
        var previous = older is { Deleted: false } ? older : null;
        if ((put.IgnoreValue || put.IgnoreLease) && previous is null) throw new StorageException(StorageFailure.Invalid, "key not found");
        if (put.Lease != 0 && !leases.ContainsKey(put.Lease)) throw LeaseBook.NotFound();
        var value = put.IgnoreValue ? previous!.Value : put.Value;
        var written = new KeyValue
        {
            Key = older?.Key ?? put.Key,
            Value = put.RevisionAt < 0 || put.IgnoreValue ? value : Splice(value, put.RevisionAt, writes),
            CreateRevision = previous?.CreateRevision ?? writes,
            ModRevision = writes,
            Version = (previous?.Version ?? 0) + 1,
            Lease = put.IgnoreLease ? previous!.Lease : put.Lease,
        };
        Add(written, older);
        return new(put.WantPrevious && previous is not null ? [previous] : [], 1, Written: written);
    }

    private OperationResult Delete(DeleteOperation delete)
    {
        var gone = new Gather();
        Tree.Visit(new KeyRange(delete.Key, delete.End), ref gone);
        if (gone.Items is null) return new([], 0);
        foreach (var item in gone.Items) Add(new() { Key = item.Key, Value = [], CreateRevision = 0, ModRevision = writes, Version = 0 }, item);
        return new(delete.WantPrevious ? gone.Items : [], gone.Items.Count);
    }

    private OperationResult Range(RangeQuery query)
    {
        if (query.Revision > revision) throw new StorageException(StorageFailure.Future, "required revision is a future revision");
        var result = Reading.Range(Tree, Revision, compacted, query);
        if (result.Status == ReadStatus.Compacted) throw new StorageException(StorageFailure.Compacted, "required revision has been compacted");
        return new(result.Items, result.Count, result.More);
    }

    private void Add(KeyValue version, KeyValue? older)
    {
        version.Older = older;
        version.Sequence = ++Sequence;
        Tree = Tree.With(version);
        (Changes ??= new(1)).Add(version);
    }

    private bool Holds(Compare compare)
    {
        var all = new Gather();
        Tree.Visit(new KeyRange(compare.Key, compare.End), ref all);
        // An absent key has zeros for numbers; its value compares with nothing at all (etcd: applyCompare).
        if (all.Items is null) return compare.Target != CompareTarget.Value && Related(0, compare);
        return all.Items.TrueForAll(item => compare.Target switch
        {
            CompareTarget.Version => Related(item.Version.CompareTo(compare.Number), compare.Relation),
            CompareTarget.CreateRevision => Related(item.CreateRevision.CompareTo(compare.Number), compare.Relation),
            CompareTarget.ModRevision => Related(item.ModRevision.CompareTo(compare.Number), compare.Relation),
            CompareTarget.Lease => Related(item.Lease.CompareTo(compare.Number), compare.Relation),
            _ => Related(item.Value.AsSpan().SequenceCompareTo(compare.Value), compare.Relation),
        });
    }

    private static bool Related(long left, Compare compare) => Related(left.CompareTo(compare.Number), compare.Relation);

    private static bool Related(int order, CompareRelation relation) => relation switch
    {
        CompareRelation.Equal => order == 0,
        CompareRelation.NotEqual => order != 0,
        CompareRelation.Greater => order > 0,
        _ => order < 0,
    };

    private static byte[] Splice(byte[] value, int at, long number)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, digits, out var length);
        var spliced = new byte[value.Length + length];
        value.AsSpan(0, at).CopyTo(spliced);
        digits[..length].CopyTo(spliced.AsSpan(at));
        value.AsSpan(at).CopyTo(spliced.AsSpan(at + length));
        return spliced;
    }

    private struct Gather : IVersionVisitor
    {
        public List<KeyValue>? Items;

        public bool Visit(KeyValue head)
        {
            if (!head.Deleted) (Items ??= []).Add(head);
            return true;
        }
    }
}
