namespace KubeFlex.Storage.Engine;

/// <summary>What a transaction must satisfy before anybody looks at data (etcd: <c>checkTxnRequest</c>, <c>checkIntervals</c>).</summary>
internal static class TransactionCheck
{
    /// <summary>Throws what etcd would answer, in its words; else returns the transaction's size in bytes.</summary>
    public static long Check(Transaction transaction, DatastoreOptions options)
    {
        var operations = 0;
        long bytes = 0;
        Count(transaction, ref operations, ref bytes);
        if (operations > options.TransactionOperations)
            throw new StorageException(StorageFailure.LimitExceeded, "too many operations in txn request");
        if (bytes > options.TransactionBytes)
            throw new StorageException(StorageFailure.LimitExceeded, $"request is too large: {bytes} bytes, at most {options.TransactionBytes} are allowed");

        // A single operation per branch cannot contradict itself: the common case ends here.
        if (Collides(transaction.Success)) Intervals(transaction.Success);
        if (Collides(transaction.Failure)) Intervals(transaction.Failure);
        return bytes;
    }

    private static bool Collides(IReadOnlyList<Operation> operations) => operations.Count > 1 || operations.Count == 1 && operations[0] is NestedOperation;

    private static void Count(Transaction transaction, ref int operations, ref long bytes)
    {
        operations += Math.Max(transaction.Compares.Count, Math.Max(transaction.Success.Count, transaction.Failure.Count));
        foreach (var compare in transaction.Compares)
        {
            Key(compare.Key);
            bytes += compare.Key.Length + (compare.Value?.Length ?? 0) + (compare.End?.Length ?? 0);
        }
        Count(transaction.Success, ref operations, ref bytes);
        Count(transaction.Failure, ref operations, ref bytes);
    }

    private static void Count(IReadOnlyList<Operation> list, ref int operations, ref long bytes)
    {
        foreach (var operation in list)
        {
            switch (operation)
            {
                case PutOperation put:
                    Key(put.Key);
                    if (put.RevisionAt > put.Value.Length) throw new StorageException(StorageFailure.Invalid, "the revision's place is outside the value");
                    bytes += put.Key.Length + put.Value.Length;
                    break;
                case DeleteOperation delete:
                    Key(delete.Key);
                    bytes += delete.Key.Length + (delete.End?.Length ?? 0);
                    break;
                case RangeOperation range:
                    Key(range.Query.Key);
                    bytes += range.Query.Key.Length + (range.Query.End?.Length ?? 0);
                    break;
                case NestedOperation nested:
                    Count(nested.Transaction, ref operations, ref bytes);
                    break;
            }
        }
    }

    private static void Key(byte[] key)
    {
        if (key.Length == 0) throw new StorageException(StorageFailure.Invalid, "key is not provided");
    }

    /// <summary>
    /// A key may change once per revision: puts must not meet another put or a delete of the same path; deletes may overlap each other.
    /// Both branches of a nested transaction count, but not against each other, since only one of them runs.
    /// </summary>
    private static (HashSet<byte[]> Puts, List<KeyRange> Deletes) Intervals(IReadOnlyList<Operation> operations)
    {
        var puts = new HashSet<byte[]>(KeyComparer.Instance);
        var deletes = operations.OfType<DeleteOperation>().Select(delete => new KeyRange(delete.Key, delete.End)).ToList();
        foreach (var nested in operations.OfType<NestedOperation>())
        {
            var (thenPuts, thenDeletes) = Intervals(nested.Transaction.Success);
            var (elsePuts, elseDeletes) = Intervals(nested.Transaction.Failure);
            thenPuts.UnionWith(elsePuts);
            if (thenPuts.Overlaps(puts)) throw Duplicate();
            thenDeletes.AddRange(elseDeletes);
            // An inner branch checked its own puts against its own deletes; here inner ones meet outer ones.
            Meet(thenPuts, deletes);
            Meet(puts, thenDeletes);
            puts.UnionWith(thenPuts);
            deletes.AddRange(thenDeletes);
        }
        foreach (var put in operations.OfType<PutOperation>())
        {
            if (!puts.Add(put.Key)) throw Duplicate();
            Meet([put.Key], deletes);
        }
        return (puts, deletes);
    }

    private static void Meet(IEnumerable<byte[]> puts, List<KeyRange> deletes)
    {
        if (deletes.Count == 0) return;
        if (puts.Any(put => deletes.Exists(delete => delete.Contains(put)))) throw Duplicate();
    }

    private static StorageException Duplicate() => new(StorageFailure.Invalid, "duplicate key given in txn request");
}
