using System.Text;
using KubeFlex.History.Checking;
using KubeFlex.History.Driving;
using Put = KubeFlex.History.Checking.Put;
using Step = KubeFlex.History.Checking.Step;

namespace KubeFlex.Storage.Tests.History;

/// <summary>What <see cref="RecordingClient"/> is for etcd's protocol, for a store in this process. Every refusal counts: the store says that then nothing happened.</summary>
internal sealed class StoreClient(int number, Recorder recorder, Func<Store> store) : IRecordedClient
{
    public int Number => number;

    public string NewValue() => recorder.Value(number);

    public async Task<TransactionAnswer?> TransactAsync(KubeFlex.History.Checking.Transaction transaction) => (TransactionAnswer?)await RunAsync(transaction, async () =>
    {
        var result = await store().CommitAsync(new([.. transaction.If.Select(Condition)], [.. transaction.Then.Select(Operation)], [.. transaction.Else.Select(Operation)]), default, mayBlock: true);
        var steps = result.Succeeded ? transaction.Then : transaction.Else;
        return new TransactionAnswer(result.Revision, result.Succeeded, [.. result.Results.Zip(steps).Select(pair => pair.Second switch
        {
            Get => new StepAnswer(pair.First.Items is [var found] ? Entry(found) : null),
            Remove => new StepAnswer(Removed: pair.First.Count),
            _ => new StepAnswer(),
        })]);
    });

    public async Task<ReadAnswer?> ReadAsync(Read read) => (ReadAnswer?)await RunAsync(read, async () =>
    {
        var view = await store().ViewAsync(default);
        var result = view.Range(new(B(read.Key), read.End is null ? null : B(read.End), read.Revision, (int)read.Limit, false, read.CountOnly));
        if (result.Status != ReadStatus.Ok) throw new StorageException(result.Status == ReadStatus.Compacted ? StorageFailure.Compacted : StorageFailure.Future, "");
        return new ReadAnswer(view.Revision, [.. result.Items.Select(item => new Item(S(item.Key), Entry(item)))], result.Count, result.More);
    });

    public async Task<LeaseAnswer?> GrantAsync(int seconds) => (LeaseAnswer?)await RunAsync(new LeaseGrant(seconds * Recorder.Second), async () =>
    {
        var lease = await store().GrantLeaseAsync(0, seconds, default);
        return new LeaseAnswer(store().Revision, lease);
    });

    public Task<Answer?> CompactAsync(long revision) => RunAsync(new KubeFlex.History.Checking.Compaction(revision), async () =>
    {
        await store().CompactAsync(revision, default);
        return new(store().Revision);
    });

    public static Entry Entry(KeyValue item) => new(S(item.Value), item.CreateRevision, item.ModRevision, item.Version, item.Lease);

    public static string S(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    private static byte[] B(string text) => Encoding.UTF8.GetBytes(text);

    private static Compare Condition(Condition condition) =>
        new(B(condition.Key), condition.ByVersion ? CompareTarget.Version : CompareTarget.ModRevision, CompareRelation.Equal, condition.Number);

    private static Operation Operation(Step step) => step switch
    {
        Put put => new PutOperation(B(put.Key), B(put.Value), put.Lease),
        Remove => new DeleteOperation(B(step.Key)),
        _ => new RangeOperation(new(B(step.Key))),
    };

    private Task<Answer?> RunAsync(Request request, Func<Task<Answer>> run) => recorder.RunAsync(number, request, async () =>
    {
        try
        {
            return await run();
        }
        catch (StorageException e) when (e.Failure == StorageFailure.Compacted)
        {
            throw new StatusException(StatusException.OutOfRange, "compacted");
        }
        catch (StorageException e)
        {
            throw new StatusException(StatusException.InvalidArgument, e.Message);
        }
    });
}
