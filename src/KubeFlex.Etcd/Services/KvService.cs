using Google.Protobuf;
using Google.Protobuf.Collections;
using KubeFlex.Etcd.Grpc;
using KubeFlex.Etcd.Protocol;
using KubeFlex.Storage;

namespace KubeFlex.Etcd.Services;

/// <summary>Reads and writes. Reads are of the newest durable revision, so serializable and linearizable ones are the same.</summary>
internal sealed class KvService(EtcdOptions options)
{
    public async Task RangeAsync(GrpcCall call, Store store)
    {
        var request = await call.ReadOneAsync(RangeRequest.Parser);
        RangeShape.Check(request);
        if (request.RangeEnd.Length > 0) await call.LeaveReaderAsync();
        var view = await store.ViewAsync(Waits(call, store));
        var result = view.Range(RangeShape.Query(request));
        if (result.Status != ReadStatus.Ok) throw result.Status == ReadStatus.Compacted ? EtcdErrors.Compacted() : EtcdErrors.Future();
        var (items, more) = RangeShape.Apply(request, result.Items, result.More);
        await RangeAnswer.SendAsync(call, view.Revision, items, !request.KeysOnly, more, result.Count);
    }

    public async Task PutAsync(GrpcCall call, Store store)
    {
        var request = await call.ReadOneAsync(PutRequest.Parser);
        Bound(request);
        var result = await store.CommitAsync(new([], [Transactions.Put(request)], []), Waits(call, store), mayBlock: call.Alone);
        call.WriteLast(new PutResponse
        {
            Header = Member.Header(result.Revision), PrevKv = result.Results[0].Items is [var previous, ..] ? previous.Message() : null,
        });
    }

    public async Task DeleteRangeAsync(GrpcCall call, Store store)
    {
        var request = await call.ReadOneAsync(DeleteRangeRequest.Parser);
        Bound(request);
        if (request.RangeEnd.Length > 0) await call.LeaveReaderAsync();
        var result = await store.CommitAsync(new([], [Transactions.Delete(request)], []), Waits(call, store), mayBlock: call.Alone);
        call.WriteLast(Transactions.Response(result.Results[0], Member.Header(result.Revision)));
    }

    public async Task TxnAsync(GrpcCall call, Store store)
    {
        var request = await call.ReadOneAsync(TxnRequest.Parser);
        Bound(request);
        if (HasRanges(request.Success) || HasRanges(request.Failure)) await call.LeaveReaderAsync();
        var result = await store.CommitAsync(Transactions.Transaction(request, options.TransactionOperations), Waits(call, store), mayBlock: call.Alone);
        call.WriteLast(Transactions.Response(request, result));
    }

    public async Task CompactAsync(GrpcCall call, Store store)
    {
        var request = await call.ReadOneAsync(CompactionRequest.Parser);
        await call.LeaveReaderAsync();
        // A client that gives up does not leave the rows behind.
        await store.CompactAsync(request.Revision, CancellationToken.None);
        call.WriteLast(new CompactionResponse { Header = Member.Header(store.Revision) });
    }

    /// <summary>What is answered from memory or with the next commit need not be cancelled, and putting a token together costs more than looking.</summary>
    private static CancellationToken Waits(GrpcCall call, Store store) => store.Ready ? default : call.Cancellation;

    /// <summary>Whether more than single keys may be read or deleted.</summary>
    private static bool HasRanges(RepeatedField<RequestOp> operations)
    {
        foreach (var operation in operations)
        {
            if (operation.RequestRange?.RangeEnd.Length > 0 || operation.RequestDeleteRange?.RangeEnd.Length > 0 || operation.RequestTxn is not null) return true;
        }
        return false;
    }

    private void Bound(IMessage request)
    {
        if (request.CalculateSize() > options.RequestBytes) throw EtcdErrors.RequestTooLarge();
    }
}
