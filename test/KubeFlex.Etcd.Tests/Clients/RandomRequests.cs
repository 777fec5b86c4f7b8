using Google.Protobuf;
using KubeFlex.Etcd.Protocol;
using static KubeFlex.Etcd.Tests.Support.RawClient;

namespace KubeFlex.Etcd.Tests.Clients;

/// <summary>Requests as curious clients would send them: mostly sensible, over few keys, with mistakes among them.</summary>
internal sealed class RandomRequests(Random random)
{
    private const int Nesting = 2;

    /// <summary>About where the store is.</summary>
    public long Revision { get; set; } = 1;

    public (string Method, IMessage Request, MessageParser Answer) Next() => random.Next(100) switch
    {
        < 30 => ("KV/Put", Put(), PutResponse.Parser),
        < 40 => ("KV/DeleteRange", Delete(), DeleteRangeResponse.Parser),
        < 60 => ("KV/Range", Range(), RangeResponse.Parser),
        < 84 => ("KV/Txn", Transaction(Nesting), TxnResponse.Parser),
        < 88 => ("Lease/LeaseGrant", new LeaseGrantRequest { ID = Lease(), TTL = random.Next(20) == 0 ? 9_000_000_001 : 1_000 }, LeaseGrantResponse.Parser),
        < 91 => ("Lease/LeaseRevoke", new LeaseRevokeRequest { ID = Lease() }, LeaseRevokeResponse.Parser),
        < 95 => ("Lease/LeaseTimeToLive", new LeaseTimeToLiveRequest { ID = Lease(), Keys = true }, LeaseTimeToLiveResponse.Parser),
        < 96 => ("Lease/LeaseLeases", new LeaseLeasesRequest(), LeaseLeasesResponse.Parser),
        // etcd lets clients compact at 0 until they have compacted; here that is as much of a mistake as later.
        _ => ("KV/Compact", new CompactionRequest { Revision = Math.Max(1, Revision - random.Next(-1, 30)), Physical = random.Next(2) == 0 }, CompactionResponse.Parser),
    };

    private ByteString Key() => random.Next(60) == 0 ? ByteString.Empty : B(random.Next(12) switch
    {
        0 => "a\0",
        1 => "ab",
        2 => "\u00ff",
        var n => $"{(char)('a' + n % 5)}",
    });

    private ByteString End() => random.Next(10) switch
    {
        < 5 => ByteString.Empty,
        < 7 => B("\0"),
        _ => B($"{(char)('a' + random.Next(6))}"),
    };

    private ByteString Value() => B(random.Next(8) == 0 ? "" : $"{random.Next(50)}");

    private long Lease() => random.Next(1, 5);

    // Negative ones are as good as none, or compacted, depending on where they stand: nobody means them.
    private long Known() => random.Next(3) == 0 ? 0 : Math.Max(0, Revision - random.Next(-2, 25));

    private PutRequest Put()
    {
        var put = new PutRequest { Key = Key(), Value = Value(), PrevKv = random.Next(3) == 0 };
        switch (random.Next(16))
        {
            case < 4:
                put.Lease = Lease();
                break;
            case 4:
                put.IgnoreLease = true;
                if (random.Next(4) == 0) put.Lease = Lease();
                break;
            // With a lease that is unknown and a key that is absent, etcd names the one in transactions and the other elsewhere.
            case < 7:
                (put.IgnoreValue, put.Value) = (true, random.Next(4) == 0 ? put.Value : ByteString.Empty);
                break;
        }
        return put;
    }

    private DeleteRangeRequest Delete() => new() { Key = Key(), RangeEnd = End(), PrevKv = random.Next(3) == 0 };

    private static DeleteRangeRequest Within(DeleteRangeRequest delete)
    {
        if (delete.RangeEnd == B("\0")) delete.RangeEnd = B("zz");
        return delete;
    }

    private RangeRequest Range()
    {
        var range = new RangeRequest { Key = Key(), RangeEnd = End(), Limit = random.Next(-1, 5), Revision = Known(), CountOnly = random.Next(8) == 0, KeysOnly = random.Next(6) == 0 };
        if (random.Next(3) == 0) (range.SortOrder, range.SortTarget) = ((RangeRequest.Types.SortOrder)random.Next(3), (RangeRequest.Types.SortTarget)random.Next(5));
        if (random.Next(8) == 0) range.MinModRevision = Known();
        if (random.Next(8) == 0) range.MaxModRevision = Known();
        if (random.Next(8) == 0) range.MinCreateRevision = Known();
        if (random.Next(8) == 0) range.MaxCreateRevision = Known();
        range.Serializable = random.Next(4) == 0;
        return range;
    }

    private TxnRequest Transaction(int depth)
    {
        var transaction = new TxnRequest();
        for (var i = random.Next(3); i > 0; i--) transaction.Compare.Add(Compare());
        for (var i = random.Next(4); i > 0; i--) transaction.Success.Add(Operation(depth));
        for (var i = random.Next(3); i > 0; i--) transaction.Failure.Add(Operation(depth));
        return transaction;
    }

    private RequestOp Operation(int depth) => random.Next(10) switch
    {
        < 4 => new() { RequestPut = Put() },
        // etcd finds some puts that meet deletions, and not those of other nested transactions, or deletions to the very end; we find all.
        < 6 when depth == Nesting => new() { RequestDeleteRange = Within(Delete()) },
        < 9 => new() { RequestRange = Range() },
        9 when depth > 0 => new() { RequestTxn = Transaction(depth - 1) },
        _ => new() { RequestRange = Range() },
    };

    private Compare Compare()
    {
        var compare = new Compare { Key = Key(), RangeEnd = random.Next(4) == 0 ? End() : ByteString.Empty, Result = (Compare.Types.CompareResult)random.Next(4) };
        switch (compare.Target = (Compare.Types.CompareTarget)random.Next(5))
        {
            case Protocol.Compare.Types.CompareTarget.Version:
                compare.Version = random.Next(4);
                break;
            case Protocol.Compare.Types.CompareTarget.Create:
                compare.CreateRevision = random.Next(2) == 0 ? 0 : Known();
                break;
            case Protocol.Compare.Types.CompareTarget.Mod:
                compare.ModRevision = random.Next(2) == 0 ? 0 : Known();
                break;
            case Protocol.Compare.Types.CompareTarget.Value:
                compare.Value = Value();
                break;
            default:
                compare.Lease = random.Next(4);
                break;
        }
        return compare;
    }
}
