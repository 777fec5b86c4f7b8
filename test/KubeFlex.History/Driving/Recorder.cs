using System.Collections.Concurrent;
using System.Diagnostics;
using KubeFlex.History.Checking;

namespace KubeFlex.History.Driving;

/// <summary>Takes down what clients do, with the times of one clock (microseconds).</summary>
internal sealed class Recorder
{
    public const long Second = 1_000_000;

    private readonly long start = Stopwatch.GetTimestamp();
    private readonly ConcurrentQueue<Call> calls = new();
    private long numbers;
    private int done, refused;

    public long Now => (long)Stopwatch.GetElapsedTime(start).TotalMicroseconds;

    public IReadOnlyCollection<Call> Calls => calls;

    /// <summary>Requests so far that were answered well.</summary>
    public int Done => Volatile.Read(ref done);

    /// <summary>Requests so far that were refused.</summary>
    public int Refused => Volatile.Read(ref refused);

    /// <summary>A value that nobody else writes.</summary>
    public string Value(int client) => $"{client}-{Interlocked.Increment(ref numbers)}";

    public void Add(Call call) => calls.Enqueue(call);

    /// <summary>Runs a request and notes how it ended.</summary>
    public async Task<Answer?> RunAsync(int client, Request request, Func<Task<Answer>> run)
    {
        var invoked = Now;
        try
        {
            var answer = await run();
            calls.Enqueue(new(client, invoked, Now, request, Outcome.Done, answer));
            Interlocked.Increment(ref done);
            return answer;
        }
        catch (StatusException e) when (e.Code == StatusException.OutOfRange && e.Status.Contains("compacted", StringComparison.Ordinal))
        {
            calls.Enqueue(new(client, invoked, Now, request, Outcome.Compacted));
        }
        catch (StatusException e) when (Refuses(e))
        {
            calls.Enqueue(new(client, invoked, Now, request, Outcome.Refused));
            Interlocked.Increment(ref refused);
        }
        catch (Exception e) when (e is StatusException or IOException)
        {
            calls.Enqueue(new(client, invoked, long.MaxValue, request, Outcome.Unknown));
        }
        return null;
    }

    /// <summary>What cannot have happened. These two of the server's words promise that as well; where it does not know, it has others.</summary>
    private static bool Refuses(StatusException e) =>
        e.Code is StatusException.InvalidArgument or StatusException.NotFound or StatusException.ResourceExhausted or StatusException.OutOfRange
        || e.Code == StatusException.Unavailable && e.Status is "etcdserver: the storage is full" or "etcdserver: the storage is unavailable, try again later";
}
