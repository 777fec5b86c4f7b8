using KubeFlex.Etcd.Protocol;
using KubeFlex.Storage;
using Relation = KubeFlex.Etcd.Protocol.Compare.Types.CompareResult;
using StoredCompare = KubeFlex.Storage.Compare;
using Union = KubeFlex.Etcd.Protocol.Compare.TargetUnionOneofCase;

namespace KubeFlex.Etcd.Services;

/// <summary>etcd's requests as the storage's transactions, checked in etcd's order (its <c>checkTxnRequest</c>), and the answers back.</summary>
internal static class Transactions
{
    public static PutOperation Put(PutRequest request)
    {
        if (request.Key.Length == 0) throw EtcdErrors.EmptyKey();
        if (request.IgnoreValue && request.Value.Length != 0) throw EtcdErrors.ValueProvided();
        if (request.IgnoreLease && request.Lease != 0) throw EtcdErrors.LeaseProvided();
        return new(request.Key.Array(), request.Value.Array(), request.Lease, -1, request.PrevKv, request.IgnoreValue, request.IgnoreLease);
    }

    public static DeleteOperation Delete(DeleteRangeRequest request) =>
        request.Key.Length == 0 ? throw EtcdErrors.EmptyKey() : new(request.Key.Array(), request.RangeEnd.End(), request.PrevKv);

    public static Transaction Transaction(TxnRequest request, int mostOperations)
    {
        // A nested transaction may use what its parents leave.
        var most = Math.Max(request.Compare.Count, Math.Max(request.Success.Count, request.Failure.Count));
        if (most > mostOperations) throw EtcdErrors.TooManyOperations();
        return new([.. request.Compare.Select(Compare)],
            [.. request.Success.Select(operation => Operation(operation, mostOperations - most))],
            [.. request.Failure.Select(operation => Operation(operation, mostOperations - most))]);
    }

    public static TxnResponse Response(TxnRequest request, TransactionResult result)
    {
        // What comes before the first change is told the revision before it.
        var revision = Writes(request, result) ? result.Revision - 1 : result.Revision;
        return Response(request, result, Member.Header(result.Revision), ref revision, result.Revision);
    }

    private static TxnResponse Response(TxnRequest request, TransactionResult result, ResponseHeader header, ref long revision, long last)
    {
        var response = new TxnResponse { Header = header, Succeeded = result.Succeeded };
        var operations = Chosen(request, result);
        for (var i = 0; i < operations.Count; i++)
        {
            var (operation, outcome) = (operations[i], result.Results[i]);
            if (operation.RequestCase == RequestOp.RequestOneofCase.RequestTxn)
            {
                response.Responses.Add(new ResponseOp { ResponseTxn = Response(operation.RequestTxn, outcome.Nested!, new(), ref revision, last) });
                continue;
            }
            if (Writes(operation, outcome)) revision = last;
            response.Responses.Add(Response(operation, outcome, Inner(revision)));
        }
        return response;
    }

    private static ResponseOp Response(RequestOp operation, OperationResult result, ResponseHeader header) => operation.RequestCase switch
    {
        RequestOp.RequestOneofCase.RequestPut => new()
        {
            ResponsePut = new() { Header = header, PrevKv = result.Items is [var previous, ..] ? previous.Message() : null },
        },
        RequestOp.RequestOneofCase.RequestDeleteRange => new() { ResponseDeleteRange = Response(result, header) },
        _ => new() { ResponseRange = Response(operation.RequestRange, result, header) },
    };

    private static Google.Protobuf.Collections.RepeatedField<RequestOp> Chosen(TxnRequest request, TransactionResult result) => result.Succeeded ? request.Success : request.Failure;

    private static bool Writes(TxnRequest request, TransactionResult result) => Chosen(request, result).Zip(result.Results).Any(pair => Writes(pair.First, pair.Second));

    private static bool Writes(RequestOp operation, OperationResult result) => operation.RequestCase switch
    {
        RequestOp.RequestOneofCase.RequestPut => true,
        RequestOp.RequestOneofCase.RequestDeleteRange => result.Count > 0,
        RequestOp.RequestOneofCase.RequestTxn => Writes(operation.RequestTxn, result.Nested!),
        _ => false,
    };

    public static DeleteRangeResponse Response(OperationResult result, ResponseHeader header)
    {
        var response = new DeleteRangeResponse { Header = header, Deleted = result.Count };
        foreach (var item in result.Items) response.PrevKvs.Add(item.Message());
        return response;
    }

    private static RangeResponse Response(RangeRequest request, OperationResult result, ResponseHeader header)
    {
        var (items, more) = RangeShape.Apply(request, result.Items, result.More);
        var response = new RangeResponse { Header = header, Count = result.Count, More = more };
        foreach (var item in items) response.Kvs.Add(item.Message(!request.KeysOnly));
        return response;
    }

    // etcd fills in nothing but the revision there, and nothing at all for a transaction.
    private static ResponseHeader Inner(long revision) => new() { Revision = revision };

    private static Operation Operation(RequestOp operation, int mostOperations)
    {
        switch (operation.RequestCase)
        {
            case RequestOp.RequestOneofCase.RequestPut:
                return Put(operation.RequestPut);
            case RequestOp.RequestOneofCase.RequestDeleteRange:
                return Delete(operation.RequestDeleteRange);
            case RequestOp.RequestOneofCase.RequestRange:
                RangeShape.Check(operation.RequestRange);
                return new RangeOperation(RangeShape.Query(operation.RequestRange));
            case RequestOp.RequestOneofCase.RequestTxn:
                return new NestedOperation(Transaction(operation.RequestTxn, mostOperations));
            default:
                // etcd's words for an operation that says nothing.
                throw EtcdErrors.KeyNotFound();
        }
    }

    private static StoredCompare Compare(Protocol.Compare compare)
    {
        if (compare.Key.Length == 0) throw EtcdErrors.EmptyKey();
        var target = compare.Target switch
        {
            Protocol.Compare.Types.CompareTarget.Version => CompareTarget.Version,
            Protocol.Compare.Types.CompareTarget.Create => CompareTarget.CreateRevision,
            Protocol.Compare.Types.CompareTarget.Mod => CompareTarget.ModRevision,
            Protocol.Compare.Types.CompareTarget.Value => CompareTarget.Value,
            Protocol.Compare.Types.CompareTarget.Lease => CompareTarget.Lease,
            _ => throw new Grpc.GrpcException(Grpc.GrpcCode.InvalidArgument, "etcdserver: unknown compare target"),
        };
        var relation = compare.Result switch
        {
            Relation.Equal => CompareRelation.Equal,
            Relation.Greater => CompareRelation.Greater,
            Relation.Less => CompareRelation.Less,
            Relation.NotEqual => CompareRelation.NotEqual,
            _ => throw new Grpc.GrpcException(Grpc.GrpcCode.InvalidArgument, "etcdserver: unknown compare result"),
        };
        // The getters give 0 when another member of the union is set, as those of etcd's language do.
        var number = target switch
        {
            CompareTarget.Version => compare.TargetUnionCase == Union.Version ? compare.Version : 0,
            CompareTarget.CreateRevision => compare.TargetUnionCase == Union.CreateRevision ? compare.CreateRevision : 0,
            CompareTarget.ModRevision => compare.TargetUnionCase == Union.ModRevision ? compare.ModRevision : 0,
            CompareTarget.Lease => compare.TargetUnionCase == Union.Lease ? compare.Lease : 0,
            _ => 0,
        };
        var value = target == CompareTarget.Value ? compare.TargetUnionCase == Union.Value ? compare.Value.Array() : [] : null;
        return new(compare.Key.Array(), target, relation, number, value, compare.RangeEnd.End());
    }
}
