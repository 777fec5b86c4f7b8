using System.Text.Json.Nodes;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Leases;
using KubeFlex.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeFlex.Runtime.Tests.Leases;

public sealed class LeaderElectorTests : IDisposable
{
    private static readonly ResourceRef Lease = Resources.Leases.In("kubeflex-system").Named("c6f71c85.kflex.kubestellar.org");

    // No other timer of an elector is as long, so that those that wait for their next attempt can be counted.
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(1.9);

    private readonly ManualTime clock = new();
    private readonly ParkingTime time;
    private readonly List<Candidate> candidates = [];
    private readonly FakeApi api;
    private readonly CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public LeaderElectorTests()
    {
        time = new ParkingTime(clock);
        api = new FakeApi { Time = clock };
        api.Put(Resources.Namespaces.Named("kubeflex-system"), new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace" });
        limit.CancelAfter(TimeSpan.FromMinutes(5));
    }

    public void Dispose()
    {
        api.Dispose();
        limit.Dispose();
    }

    [Fact]
    public async Task The_first_leads_and_the_second_follows_at_once_when_it_ends_in_order()
    {
        var (first, second) = (Start("first"), Start("second"));
        var leader = await AnyLeadsAsync(first, second);
        var other = leader == first ? second : first;
        await PassAsync(TimeSpan.FromSeconds(60), () => true);
        Assert.False(other.Leads);
        Assert.Equal(leader.Name, Holder());

        await leader.StopAsync();
        await leader.Running;
        await PassAsync(TimeSpan.FromSeconds(4), () => other.Leads);
        Assert.Equal(other.Name, Holder());
        Assert.Equal("1", Spec()["leaseTransitions"]!.ToString());
        await other.StopAsync();
        await other.Running;
        Assert.Equal("", Holder());
    }

    [Fact]
    public async Task A_holder_that_died_is_followed_only_after_its_lease_ran_out_by_the_followers_clock()
    {
        // Its clock was an hour ahead: nobody may believe it.
        api.Put(Lease, new JsonObject
        {
            ["apiVersion"] = "coordination.k8s.io/v1",
            ["kind"] = "Lease",
            ["spec"] = new JsonObject { ["holderIdentity"] = "dead", ["leaseDurationSeconds"] = 15, ["renewTime"] = "2026-07-01T13:00:00.000000Z", ["leaseTransitions"] = 4 },
        });
        var started = time.GetUtcNow();
        var follower = Start("follower");
        await PassAsync(TimeSpan.FromSeconds(60), () => follower.Leads);
        Assert.InRange(time.GetUtcNow() - started, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(25));
        Assert.Equal("5", Spec()["leaseTransitions"]!.ToString());
        await follower.StopAsync();
        await follower.Running;
    }

    [Fact]
    public async Task A_holder_that_cannot_renew_stops_before_another_may_start()
    {
        var holder = Start("holder");
        await PassAsync(TimeSpan.FromSeconds(4), () => holder.Leads);
        var renewed = time.GetUtcNow();
        api.Intercept = r => r.Path.Contains("leases", StringComparison.Ordinal) ? FakeApi.Failure(503, "ServiceUnavailable", "busy") : null;
        await PassAsync(TimeSpan.FromSeconds(30), () => holder.Running.IsCompleted);
        var lost = await Assert.ThrowsAsync<LeadershipLostException>(() => holder.Running);
        Assert.Contains("busy", lost.Message, StringComparison.Ordinal);
        Assert.False(holder.Leads);
        // At most the renewal that was under way when it broke, the deadline and one period: less than the lease.
        Assert.InRange(holder.EndedAt - renewed, TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task A_lease_that_another_took_is_lost()
    {
        var holder = Start("holder");
        await PassAsync(TimeSpan.FromSeconds(4), () => holder.Leads);
        var stolen = api.Get(Lease)!;
        stolen["spec"]!["holderIdentity"] = "thief";
        api.Put(Lease, stolen);
        await PassAsync(TimeSpan.FromSeconds(10), () => holder.Running.IsCompleted);
        await Assert.ThrowsAsync<LeadershipLostException>(() => holder.Running);
        Assert.Equal("thief", Holder());
    }

    [Fact]
    public async Task Of_many_that_start_at_once_one_leads()
    {
        var all = Enumerable.Range(0, 10).Select(i => Start($"n{i}")).ToList();
        await PassAsync(TimeSpan.FromSeconds(30), () => all.Exists(c => c.Leads));
        await PassAsync(TimeSpan.FromSeconds(60), () => true);
        Assert.Equal(Holder(), Assert.Single(all, c => c.Leads).Name);
        foreach (var candidate in all) await candidate.StopAsync();
        await Task.WhenAll(all.Select(c => c.Running));
    }

    [Fact]
    public async Task What_the_leader_fails_with_reaches_the_caller_and_the_lease_is_free()
    {
        var elector = new LeaderElector(api.Client(), Options("one"), time, NullLogger.Instance);
        await Assert.ThrowsAsync<InvalidDataException>(() => elector.RunAsync(_ => throw new InvalidDataException("broken"), limit.Token));
        Assert.Equal("", Holder());
    }

    private JsonNode Spec() => api.Get(Lease)!["spec"]!;

    private string Holder() => (string)Spec()["holderIdentity"]!;

    private static LeaderElectionOptions Options(string identity) => new() { Lease = Lease, Identity = identity, RetryPeriod = RetryPeriod };

    private Candidate Start(string name)
    {
        var candidate = new Candidate(name, time);
        candidate.Running = Task.Run(() => new LeaderElector(api.Client(), Options(name), time, NullLogger.Instance).RunAsync(candidate.LeadAsync, candidate.Stop.Token));
        candidates.Add(candidate);
        return candidate;
    }

    private async Task<Candidate> AnyLeadsAsync(params Candidate[] all)
    {
        await PassAsync(TimeSpan.FromSeconds(30), () => all.Any(c => c.Leads));
        return all.Single(c => c.Leads);
    }

    /// <summary>
    /// Lets the clock run until the condition holds; for the whole time when it holds from the start. The clock stands while an elector works, however
    /// slow the machine is.
    /// </summary>
    private async Task PassAsync(TimeSpan most, Func<bool> condition)
    {
        var whole = condition();
        var end = clock.GetUtcNow() + most;
        while (true)
        {
            while (time.Parked < candidates.Count(c => !c.Running.IsCompleted)) await Task.Delay(TimeSpan.FromMilliseconds(1), limit.Token);
            if (!whole && condition()) return;
            if (clock.GetUtcNow() >= end) break;
            clock.Advance(TimeSpan.FromMilliseconds(250));
        }
        Assert.True(condition(), $"not within {most}");
    }

    /// <summary>Counts the electors that wait for their next attempt.</summary>
    private sealed class ParkingTime(ManualTime clock) : TimeProvider
    {
        private int parked;

        public int Parked => Volatile.Read(ref parked);

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override long GetTimestamp() => clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime != RetryPeriod) return clock.CreateTimer(callback, state, dueTime, period);
            Interlocked.Increment(ref parked);
            var left = 0;
            void Leave()
            {
                if (Interlocked.Exchange(ref left, 1) == 0) Interlocked.Decrement(ref parked);
            }

            return new ParkingTimer(clock.CreateTimer(s =>
            {
                Leave();
                callback(s);
            }, state, dueTime, period), Leave);
        }

        private sealed class ParkingTimer(ITimer inner, Action leave) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(dueTime, period);

            public void Dispose()
            {
                leave();
                inner.Dispose();
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }

    private sealed class Candidate(string name, TimeProvider time)
    {
        private volatile bool leads;

        public string Name => name;

        public bool Leads => leads;

        public DateTimeOffset EndedAt { get; private set; }

        public CancellationTokenSource Stop { get; } = new();

        public Task Running { get; set; } = Task.CompletedTask;

        public Task StopAsync() => Stop.CancelAsync();

        public async Task LeadAsync(CancellationToken cancellation)
        {
            leads = true;
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = cancellation.Register(ended.SetResult);
            await ended.Task;
            EndedAt = time.GetUtcNow();
            leads = false;
        }
    }
}
