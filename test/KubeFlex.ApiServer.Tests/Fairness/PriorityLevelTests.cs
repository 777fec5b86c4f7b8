using FsCheck;
using FsCheck.Fluent;
using KubeFlex.ApiServer.Fairness;
using KubeFlex.Testing;

namespace KubeFlex.ApiServer.Tests.Fairness;

public sealed class PriorityLevelTests : IDisposable
{
    private readonly ManualTime time = new();
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;
    private PriorityLevel? made;

    public void Dispose() => made?.Dispose();

    [Fact]
    public async Task A_request_that_finds_no_seat_gets_the_next_one_that_is_free()
    {
        var level = Level(seats: 2);
        var first = await Enter(level, "a");
        var second = await Enter(level, "a");
        var third = Enter(level, "a");
        Assert.False(third.IsCompleted);
        Assert.Equal(1, level.Waiting);

        first!.Dispose();
        using (var seat = await third) Assert.NotNull(seat);
        second!.Dispose();
        Assert.Equal((0, 0), (level.Waiting, level.Tenants));
    }

    [Fact]
    public async Task A_quiet_tenant_does_not_stand_behind_a_noisy_one()
    {
        var level = Level(seats: 2);
        var (one, two) = (await Enter(level, "noisy"), await Enter(level, "noisy"));
        var crowd = Enumerable.Range(0, 5).Select(_ => Enter(level, "noisy")).ToList();
        var quiet = Enter(level, "quiet");

        one!.Dispose();
        using (await quiet) Assert.DoesNotContain(crowd, c => c.IsCompleted);
        // The quiet one's seat is free again, and only the noisy one waits.
        using (await crowd[0]) two!.Dispose();
        foreach (var later in crowd.Skip(1)) (await later)!.Dispose();
    }

    [Fact]
    public async Task Tenants_with_as_many_seats_take_turns()
    {
        var level = Level(seats: 1);
        var seat = await Enter(level, "x");
        var order = new List<string>();
        var all = ((string[])["a", "a", "b", "b", "c"]).Select(async tenant =>
        {
            using var given = await Enter(level, tenant);
            lock (order) order.Add(tenant);
        }).ToList();
        seat!.Dispose();
        await Task.WhenAll(all);
        Assert.Equal(["a", "b", "c", "a", "b"], order);
    }

    [Fact]
    public async Task Users_of_one_tenant_take_turns()
    {
        var level = Level(seats: 1);
        var seat = await Enter(level, "a", "robot");
        var order = new List<string>();
        var all = ((string[])["robot", "robot", "robot", "jane"]).Select(async user =>
        {
            using var given = await Enter(level, "a", user);
            lock (order) order.Add(user);
        }).ToList();
        seat!.Dispose();
        await Task.WhenAll(all);
        Assert.Equal(["robot", "jane", "robot", "robot"], order);
    }

    [Fact]
    public async Task Whose_queue_is_full_is_refused_and_nobody_else()
    {
        var level = Level(seats: 1, waiting: 2);
        var seat = await Enter(level, "a", "robot");
        var (first, second) = (Enter(level, "a", "robot"), Enter(level, "a", "robot"));
        Assert.Null(await Enter(level, "a", "robot"));
        var other = Enter(level, "a", "jane");
        Assert.False(other.IsCompleted);

        seat!.Dispose();
        // Users take turns.
        foreach (var one in (Task<Seat?>[])[first, other, second]) (await one)!.Dispose();
        Assert.Equal((0, 0), (level.Waiting, level.Tenants));
    }

    [Fact]
    public async Task All_queues_together_have_a_bound()
    {
        var level = made = new PriorityLevel(new(1, 10, TimeSpan.FromSeconds(15)) { AllWaiting = 1 }, time);
        using var seat = await Enter(level, "a");
        var waits = Enter(level, "b");
        Assert.Null(await Enter(level, "c"));
        Assert.Equal(2, level.Tenants);
        seat!.Dispose();
        (await waits)!.Dispose();
    }

    [Fact]
    public async Task Patience_ends()
    {
        var level = Level(seats: 1, hold: TimeSpan.FromHours(1));
        using var seat = await Enter(level, "a");
        var waits = Enter(level, "b");
        time.Advance(TimeSpan.FromSeconds(15));
        Assert.Null(await waits);
        Assert.Equal((0, 1), (level.Waiting, level.Tenants));
    }

    [Fact]
    public async Task A_client_that_goes_away_leaves_the_queue()
    {
        var level = Level(seats: 1);
        var seat = await Enter(level, "a");
        using var gone = new CancellationTokenSource();
        var waits = level.EnterAsync("b", "u", gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        seat!.Dispose();
        Assert.Equal((0, 0), (level.Waiting, level.Tenants));
        (await Enter(level, "c"))!.Dispose();
    }

    [Fact]
    public async Task A_seat_held_for_long_keeps_nobody_out()
    {
        var level = Level(seats: 1);
        var slow = await Enter(level, "slow");
        time.Advance(TimeSpan.FromSeconds(3));
        var waits = Enter(level, "other");
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(waits.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        var seat = await waits;
        // Its end gives no second seat.
        slow!.Dispose();
        var third = Enter(level, "third");
        Assert.False(third.IsCompleted);
        seat!.Dispose();
        (await third)!.Dispose();
        Assert.Equal(0, level.Tenants);
    }

    [Fact]
    public async Task Nobody_enters_while_a_backlog_is_full()
    {
        var backlog = new Backlog(new("", "things"), 2);
        var level = Level(seats: 3);
        level.HoldWhile(() => backlog.IsFull);
        backlog.Drained = level.Look;
        backlog.Report(2);
        (await Enter(level, "a"))!.Dispose();
        backlog.Report(3);
        var waits = new[] { Enter(level, "a"), Enter(level, "a") };
        backlog.Report(4);
        Assert.DoesNotContain(waits, w => w.IsCompleted);
        backlog.Report(2);
        foreach (var one in waits) (await one)!.Dispose();
    }

    [Fact]
    public async Task Where_only_the_pace_is_set_the_impatient_go_on()
    {
        var level = made = new PriorityLevel(new(1, 10, TimeSpan.FromSeconds(5)) { AdmitsTheImpatient = true }, time);
        level.HoldWhile(() => true);
        var waits = Enter(level, "a");
        Assert.False(waits.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(5));
        (await waits)!.Dispose();
        Assert.Equal((0, 0), (level.Waiting, level.Tenants));
    }

    /// <summary>Whatever comes and goes in whatever order: never more than the seats at once, everybody is served, nothing is kept.</summary>
    [Fact]
    public void Seats_are_never_exceeded_and_nothing_is_left_behind() => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), arrivals =>
    {
        using var level = new PriorityLevel(new(3, 1000, TimeSpan.FromSeconds(15)), time);
        var (inside, most) = (0, 0);
        Task.WaitAll(arrivals.Select(b => Task.Run(async () =>
        {
            using var seat = await level.EnterAsync($"t{b % 5}", $"u{b % 3}", default);
            Assert.NotNull(seat);
            var now = Interlocked.Increment(ref inside);
            lock (level) most = Math.Max(most, now);
            if (b % 2 == 0) await Task.Yield();
            Interlocked.Decrement(ref inside);
        })).ToArray());
        Assert.InRange(most, 0, 3);
        Assert.Equal((0, 0), (level.Waiting, level.Tenants));
    }).QuickCheckThrowOnFailure();

    private PriorityLevel Level(int seats, int waiting = 10, TimeSpan? hold = null) =>
        made = new PriorityLevel(new(seats, waiting, TimeSpan.FromSeconds(15)) { Long = hold ?? TimeSpan.FromSeconds(5) }, time);

    private Task<Seat?> Enter(PriorityLevel level, string tenant, string user = "u") => level.EnterAsync(tenant, user, cancellation).AsTask();
}
