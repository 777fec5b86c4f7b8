using Google.Protobuf;
using KubeFlex.Etcd.Protocol;
using KubeFlex.History.Checking;

namespace KubeFlex.History.Driving;

/// <summary>A client whose requests and answers are taken down. Null: no answer, or a refusal.</summary>
internal interface IRecordedClient
{
    int Number { get; }

    /// <summary>A value that nobody else writes.</summary>
    string NewValue();

    Task<TransactionAnswer?> TransactAsync(Transaction transaction);

    Task<ReadAnswer?> ReadAsync(Read read);

    Task<LeaseAnswer?> GrantAsync(int seconds);

    Task<Answer?> CompactAsync(long revision);
}

/// <summary>By etcd's protocol: one client with one request at a time, everything taken down.</summary>
internal sealed class RecordingClient(int number, Recorder recorder, Func<EtcdConnection> connection, CancellationToken stop) : IRecordedClient
{
    /// <summary>Longer than a server is paused, shorter than anybody wants to wait for one that hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan BackOff = TimeSpan.FromMilliseconds(25);

    public int Number => number;

    public string NewValue() => recorder.Value(number);

    public async Task<TransactionAnswer?> TransactAsync(Transaction transaction) => (TransactionAnswer?)await RunAsync(transaction, async (etcd, cancellation) =>
    {
        if (transaction is { If: [], Then: [Put put] })
        {
            var answer = await etcd.CallAsync("KV/Put", Request(put), PutResponse.Parser, cancellation);
            return new TransactionAnswer(answer.Header.Revision, true, [new()]);
        }
        if (transaction is { If: [], Then: [Remove remove] })
        {
            var answer = await etcd.CallAsync("KV/DeleteRange", new DeleteRangeRequest { Key = B(remove.Key) }, DeleteRangeResponse.Parser, cancellation);
            return new TransactionAnswer(answer.Header.Revision, true, [new(Removed: answer.Deleted)]);
        }
        var request = new TxnRequest();
        request.Compare.AddRange(transaction.If.Select(Compare));
        request.Success.AddRange(transaction.Then.Select(Operation));
        request.Failure.AddRange(transaction.Else.Select(Operation));
        var response = await etcd.CallAsync("KV/Txn", request, TxnResponse.Parser, cancellation);
        return new TransactionAnswer(response.Header.Revision, response.Succeeded, [.. response.Responses.Select(Result)]);
    });

    public async Task<ReadAnswer?> ReadAsync(Read read) => (ReadAnswer?)await RunAsync(read, async (etcd, cancellation) =>
    {
        var request = new RangeRequest { Key = B(read.Key), RangeEnd = B(read.End ?? ""), Revision = read.Revision, Limit = read.Limit, CountOnly = read.CountOnly };
        var response = await etcd.CallAsync("KV/Range", request, RangeResponse.Parser, cancellation);
        return new ReadAnswer(response.Header.Revision, [.. response.Kvs.Select(kv => new Item(kv.Key.ToStringUtf8(), Entry(kv)))], response.Count, response.More);
    });

    public async Task<LeaseAnswer?> GrantAsync(int seconds) => (LeaseAnswer?)await RunAsync(new LeaseGrant(seconds * Recorder.Second), async (etcd, cancellation) =>
    {
        var response = await etcd.CallAsync("Lease/LeaseGrant", new LeaseGrantRequest { TTL = seconds }, LeaseGrantResponse.Parser, cancellation);
        return new LeaseAnswer(response.Header.Revision, response.ID);
    });

    public Task<Answer?> CompactAsync(long revision) => RunAsync(new Compaction(revision), async (etcd, cancellation) =>
        new((await etcd.CallAsync("KV/Compact", new CompactionRequest { Revision = revision }, CompactionResponse.Parser, cancellation)).Header.Revision));

    public static Entry Entry(KeyValue kv) => new(kv.Value.ToStringUtf8(), kv.CreateRevision, kv.ModRevision, kv.Version, kv.Lease);

    private static ByteString B(string text) => ByteString.CopyFromUtf8(text);

    private static PutRequest Request(Put put) => new() { Key = B(put.Key), Value = B(put.Value), Lease = put.Lease };

    private static Compare Compare(Condition condition) => condition.ByVersion
        ? new() { Key = B(condition.Key), Target = Etcd.Protocol.Compare.Types.CompareTarget.Version, Version = condition.Number }
        : new() { Key = B(condition.Key), Target = Etcd.Protocol.Compare.Types.CompareTarget.Mod, ModRevision = condition.Number };

    private static RequestOp Operation(Step step) => step switch
    {
        Put put => new() { RequestPut = Request(put) },
        Remove => new() { RequestDeleteRange = new() { Key = B(step.Key) } },
        _ => new() { RequestRange = new() { Key = B(step.Key) } },
    };

    private static StepAnswer Result(ResponseOp response) => response.ResponseCase switch
    {
        ResponseOp.ResponseOneofCase.ResponseRange => new(response.ResponseRange.Kvs.Count == 0 ? null : Entry(response.ResponseRange.Kvs[0])),
        ResponseOp.ResponseOneofCase.ResponseDeleteRange => new(Removed: response.ResponseDeleteRange.Deleted),
        _ => new(),
    };

    private async Task<Answer?> RunAsync(Request request, Func<EtcdConnection, CancellationToken, Task<Answer>> run)
    {
        var answer = await recorder.RunAsync(number, request, async () =>
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            patience.CancelAfter(Patience);
            return await run(connection(), patience.Token);
        });
        if (answer is null) await Task.Delay(BackOff, CancellationToken.None);
        return answer;
    }
}
