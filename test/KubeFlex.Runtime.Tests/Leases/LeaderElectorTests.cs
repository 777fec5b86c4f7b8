using System.Text.Json.Nodes;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Leases;
using KubeFlex.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeFlex.Runtime.Tests.Leases;

public sealed class LeaderElectorTests : IDisposable
{
    private static readonly ResourceRef Lease = Resources.Leases.In("kubeflex-system").Named("c6f71c85.kflex.kubestellar.org");

    private readonly ManualTime time = new();
    private readonly FakeApi api;
    private readonly CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public LeaderElectorTests()
    {
        api = new FakeApi { Time = time };
        api.Put(Resources.Namespaces.Named("kubeflex-system"), new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace" });
        limit.CancelAfter(TimeSpan.FromMinutes(2));
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

    private static LeaderElectionOptions Options(string identity) => new() { Lease = Lease, Identity = identity };

    private Candidate Start(string name)
    {
        var candidate = new Candidate(name, time);
        candidate.Running = Task.Run(() => new LeaderElector(api.Client(), Options(name), time, NullLogger.Instance).RunAsync(candidate.LeadAsync, candidate.Stop.Token));
        return candidate;
    }

    private async Task<Candidate> AnyLeadsAsync(params Candidate[] all)
    {
        await PassAsync(TimeSpan.FromSeconds(30), () => all.Any(c => c.Leads));
        return all.Single(c => c.Leads);
    }

    /// <summary>
    /// Lets the clock run, in steps that the electors can keep up with, for the whole time when the condition holds from the start, else until it does.
    /// </summary>
    private async Task PassAsync(TimeSpan most, Func<bool> condition)
    {
        var whole = condition();
        var end = time.GetUtcNow() + most;
        while (time.GetUtcNow() < end)
        {
            time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Delay(TimeSpan.FromMilliseconds(2), limit.Token);
            if (!whole && condition()) return;
        }
        // The clock stands still now: a busy machine may take its time.
        while (!condition()) await Task.Delay(TimeSpan.FromMilliseconds(2), limit.Token);
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
