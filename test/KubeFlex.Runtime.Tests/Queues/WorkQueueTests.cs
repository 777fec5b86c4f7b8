using KubeFlex.Runtime.Queues;
using KubeFlex.Testing;

namespace KubeFlex.Runtime.Tests.Queues;

public sealed class WorkQueueTests
{
    private readonly ManualTime time = new();
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_added_twice_is_handed_out_once()
    {
        using var queue = new WorkQueue<string>(time);
        queue.Add("a");
        queue.Add("b");
        queue.Add("a");
        Assert.Equal("a", await queue.TakeAsync(cancellation));
        Assert.Equal("b", await queue.TakeAsync(cancellation));
        Assert.False(queue.TakeAsync(cancellation).IsCompleted);
    }

    [Fact]
    public async Task A_key_added_while_it_is_worked_on_comes_again_when_that_work_is_done()
    {
        using var queue = new WorkQueue<string>(time);
        queue.Add("a");
        var key = await queue.TakeAsync(cancellation);
        queue.Add("a");
        queue.Add("a");
        var next = queue.TakeAsync(cancellation);
        Assert.False(next.IsCompleted);
        queue.Done(key);
        Assert.Equal("a", await next);
        queue.Done("a");
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public async Task Of_several_delays_the_earliest_counts_and_only_once()
    {
        using var queue = new WorkQueue<string>(time);
        queue.AddAfter("a", TimeSpan.FromSeconds(10));
        queue.AddAfter("a", TimeSpan.FromSeconds(2));
        queue.AddAfter("a", TimeSpan.FromSeconds(5));
        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Equal(0, queue.Count);
        time.Advance(TimeSpan.FromSeconds(0.1));
        queue.Done(await queue.TakeAsync(cancellation));
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void A_delay_longer_than_timers_take_still_comes()
    {
        using var queue = new WorkQueue<string>(time);
        queue.AddAfter("a", TimeSpan.FromDays(243));
        time.Advance(TimeSpan.FromDays(242.9));
        Assert.Equal(0, queue.Count);
        time.Advance(TimeSpan.FromDays(0.2));
        Assert.Equal(1, queue.Count);
    }

    [Fact]
    public async Task Back_off_doubles_to_its_limit_and_begins_anew_when_forgotten()
    {
        var backoff = new BackoffOptions { Initial = TimeSpan.FromSeconds(1), Maximum = TimeSpan.FromSeconds(10) };
        Assert.Equal([1, 2, 4, 8, 10, 10], Enumerable.Range(0, 6).Select(i => backoff.Delay(i).TotalSeconds));
        Assert.Equal(TimeSpan.FromSeconds(10), backoff.Delay(int.MaxValue));

        using var queue = new WorkQueue<string>(time, backoff);
        foreach (var seconds in new[] { 1, 2, 4 })
        {
            queue.AddRateLimited("a");
            time.Advance(TimeSpan.FromSeconds(seconds - 0.5));
            Assert.Equal(0, queue.Count);
            time.Advance(TimeSpan.FromSeconds(0.5));
            Assert.Equal(1, queue.Count);
            queue.Done(await queue.TakeAsync(cancellation));
        }
        Assert.Equal(3, queue.Failures("a"));
        queue.Forget("a");
        queue.AddRateLimited("a");
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, queue.Count);
    }

    /// <summary>Whatever producers and workers do: no key is worked on twice at once, and each key is worked on after its last Add began.</summary>
    [Fact]
    public async Task Nothing_is_lost_and_keys_are_serial_under_many_producers_and_workers()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        const int keys = 20, producers = 4, adds = 2000;
        using var queue = new WorkQueue<int>(TimeProvider.System);
        var (wanted, seen, inside) = (new int[keys], new int[keys], new int[keys]);
        var overlaps = 0;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

        var workers = Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    var key = await queue.TakeAsync(stop.Token);
                    if (Interlocked.Increment(ref inside[key]) != 1) Interlocked.Increment(ref overlaps);
                    Volatile.Write(ref seen[key], Volatile.Read(ref wanted[key]));
                    if (key % 3 == 0) await Task.Yield();
                    Interlocked.Decrement(ref inside[key]);
                    queue.Done(key);
                }
            }
            catch (OperationCanceledException)
            {
            }
        }, cancellation)).ToList();

        await Task.WhenAll(Enumerable.Range(0, producers).Select(p => Task.Run(async () =>
        {
            var random = new Random(seed + p);
            for (var i = 0; i < adds; i++)
            {
                var key = random.Next(keys);
                Interlocked.Increment(ref wanted[key]);
                if (random.Next(10) == 0) queue.AddAfter(key, TimeSpan.FromMilliseconds(random.Next(3)));
                else queue.Add(key);
                if (random.Next(50) == 0) await Task.Yield();
            }
        }, cancellation)));
        // A last round behind everything that was added tells that all before it is through.
        for (var key = 0; key < keys; key++) queue.Add(key);
        while (Enumerable.Range(0, keys).Any(k => Volatile.Read(ref seen[k]) != Volatile.Read(ref wanted[k]))) await Task.Delay(1, cancellation);
        await stop.CancelAsync();
        await Task.WhenAll(workers);
        Assert.Equal(0, overlaps);
    }
}
