using KubeFlex.Etcd.Protocol;
using KubeFlex.Etcd.Tests.Support;
using static KubeFlex.Etcd.Tests.Support.RawClient;
using Filter = KubeFlex.Etcd.Protocol.WatchCreateRequest.Types.FilterType;

namespace KubeFlex.Etcd.Tests.Services;

public sealed class WatchTests
{
    private static RawStream<WatchResponse> Open(TestEtcd etcd) => etcd.Client.Open("Watch/Watch", WatchResponse.Parser);

    private static Task CreateAsync(RawStream<WatchResponse> stream, WatchCreateRequest request) => stream.SendAsync(new WatchRequest { CreateRequest = request });

    private static WatchCreateRequest Prefix(string prefix, long start = 0) => new() { Key = B(prefix), RangeEnd = B(prefix + "\u007f"), StartRevision = start };

    private static string Text(Event change) =>
        $"{(change.Type == Event.Types.EventType.Put ? "+" : "-")}{change.Kv.Key.ToStringUtf8()}={change.Kv.Value.ToStringUtf8()}@{change.Kv.ModRevision}<{change.PrevKv?.Value.ToStringUtf8()}";

    private static async Task<List<string>> TakeAsync(RawStream<WatchResponse> stream, int count)
    {
        var events = new List<string>();
        while (events.Count < count) events.AddRange((await stream.ReadAsync()).Events.Select(Text));
        return events;
    }

    [Fact]
    public async Task Many_watches_share_a_stream()
    {
        await using var etcd = await TestEtcd.StartAsync();
        await etcd.Client.PutAsync("a1", "old");
        await using var stream = Open(etcd);
        await CreateAsync(stream, Prefix("a"));
        var created = await stream.ReadAsync();
        Assert.Equal((true, 0L, 2L), (created.Created, created.WatchId, created.Header.Revision));
        await CreateAsync(stream, new() { Key = B("b"), WatchId = 7, PrevKv = true, Filters = { Filter.Noput } });
        Assert.Equal(7, (await stream.ReadAsync()).WatchId);
        await CreateAsync(stream, new() { Key = B("b"), WatchId = 7 });
        var twice = await stream.ReadAsync();
        Assert.Equal((true, true, -1L, "mvcc: duplicate watch ID provided on the WatchStream"), (twice.Created, twice.Canceled, twice.WatchId, twice.CancelReason));
        await CreateAsync(stream, new() { Key = B("z"), RangeEnd = B("a") });
        Assert.Equal("mvcc: watcher range is empty", (await stream.ReadAsync()).CancelReason);

        await etcd.Client.PutAsync("a1", "new");
        Assert.Equal(["+a1=new@3<"], await TakeAsync(stream, 1));
        await etcd.Client.PutAsync("b", "1");
        await etcd.Client.DeleteAsync("b");
        var deleted = await stream.ReadAsync();
        Assert.Equal((7L, "-b=@5<1"), (deleted.WatchId, Text(Assert.Single(deleted.Events))));

        await stream.SendAsync(new WatchRequest { CancelRequest = new() { WatchId = 0 } });
        var cancelled = await stream.ReadAsync();
        Assert.Equal((true, 0L), (cancelled.Canceled, cancelled.WatchId));
        await etcd.Client.PutAsync("a1", "unseen");
        await etcd.Client.PutAsync("b", "2");
        await etcd.Client.DeleteAsync("b");
        Assert.Equal(["-b=@8<2"], await TakeAsync(stream, 1));
    }

    [Fact]
    public async Task A_watch_starts_in_the_past_unless_that_is_compacted()
    {
        await using var etcd = await TestEtcd.StartAsync();
        for (var i = 0; i < 5; i++) await etcd.Client.PutAsync("a", $"{i}");
        await etcd.Client.CompactAsync(4);
        await using var stream = Open(etcd);
        await CreateAsync(stream, new() { Key = B("a"), StartRevision = 4, PrevKv = true });
        await stream.ReadAsync();
        Assert.Equal(["+a=2@4<1", "+a=3@5<2", "+a=4@6<3"], await TakeAsync(stream, 3));
        await CreateAsync(stream, new() { Key = B("a"), StartRevision = 3 });
        Assert.True((await stream.ReadAsync()).Created);
        var ended = await stream.ReadAsync();
        Assert.Equal((true, 4L, 1L), (ended.Canceled, ended.CompactRevision, ended.WatchId));
    }

    [Fact]
    public async Task A_revision_too_large_for_one_response_comes_in_fragments()
    {
        await using var etcd = await TestEtcd.StartAsync(new() { RequestBytes = 3_000 });
        await etcd.Store.CommitAsync(new([], [.. Enumerable.Range(0, 5).Select(i => new Storage.PutOperation([(byte)('a' + i)], new byte[1_000]))], []), default);
        await etcd.Client.PutAsync("f", "end");
        await using var stream = Open(etcd);
        await CreateAsync(stream, new() { Key = B("a"), RangeEnd = B("z"), StartRevision = 2, Fragment = true });
        await CreateAsync(stream, new() { Key = B("a"), RangeEnd = B("z"), StartRevision = 2, WatchId = 9 });
        var parts = new Dictionary<long, List<string>> { [0] = [], [9] = [] };
        while (parts.Values.Any(list => list.Count == 0 || !list[^1].Contains('f', StringComparison.Ordinal)))
        {
            var response = await stream.ReadAsync();
            if (!response.Created) parts[response.WatchId].Add(string.Concat(response.Events.Select(e => e.Kv.Key.ToStringUtf8())) + (response.Fragment ? ".." : ""));
        }
        Assert.Equal(["ab..", "cd..", "ef"], parts[0]);
        Assert.Equal(["abcde", "f"], parts[9]);
    }

    [Fact]
    public async Task Too_many_watches_on_a_stream_are_refused()
    {
        await using var etcd = await TestEtcd.StartAsync(new() { WatchesPerStream = 2 });
        await using var stream = Open(etcd);
        for (var i = 0; i < 3; i++) await CreateAsync(stream, new() { Key = B("a") });
        for (var i = 0; i < 2; i++) Assert.False((await stream.ReadAsync()).Canceled);
        Assert.Equal("etcdserver: too many watches on one stream: at most 2", (await stream.ReadAsync()).CancelReason);
    }

    [Fact]
    public async Task Quiet_watches_hear_of_the_revision()
    {
        await using var etcd = await TestEtcd.StartAsync(new() { ProgressInterval = TimeSpan.FromMilliseconds(30) });
        await using var stream = Open(etcd);
        await CreateAsync(stream, new() { Key = B("a"), ProgressNotify = true });
        await stream.ReadAsync();
        var revision = (await etcd.Client.PutAsync("other", "1")).Header.Revision;
        WatchResponse told;
        do told = await stream.ReadAsync();
        while (told.Header.Revision < revision);
        Assert.Equal((0L, 0, revision), (told.WatchId, told.Events.Count, told.Header.Revision));
    }

    /// <summary>What kube-apiserver's consistent reads rest on: a progress answer of r comes after every change up to r, on a stream of many watches.</summary>
    [Fact]
    public async Task Progress_is_never_ahead_of_events()
    {
        await using var etcd = await TestEtcd.StartAsync();
        const int watches = 8, writes = 300;
        await using var stream = Open(etcd);
        for (var i = 0; i < watches; i++) await CreateAsync(stream, Prefix($"k{i}/", 1));
        var writing = Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < writes / 4; i++) await etcd.Client.PutAsync($"k{(writer + i) % watches}/{writer}", $"{i}");
        })));
        var asking = Task.Run(async () =>
        {
            while (!writing.IsCompleted)
            {
                await stream.SendAsync(new WatchRequest { ProgressRequest = new() });
                await etcd.Client.GetAsync("pace");
            }
            await stream.SendAsync(new WatchRequest { ProgressRequest = new() });
        });
        long claimed = 0, last = 0;
        var seen = new SortedSet<long>();
        var claims = 0;
        while (claimed < writes + 1)
        {
            var response = await stream.ReadAsync();
            foreach (var change in response.Events)
            {
                Assert.True(change.Kv.ModRevision > claimed, $"{change.Kv.ModRevision} came after a claim of {claimed}");
                Assert.True(seen.Add(change.Kv.ModRevision));
            }
            if (response.WatchId != -1) continue;
            claims++;
            claimed = response.Header.Revision;
            Assert.True(claimed >= last);
            last = claimed;
            // Every revision is one put of a watched key, from 2 on.
            Assert.Equal(claimed - 1, seen.Count(revision => revision <= claimed));
        }
        Assert.True(claims > 1);
        await asking;
    }

    /// <summary>
    /// More watches stand in line than are served in one go, and behind the first of them somebody asks how far they are: an answer in between must not count
    /// those that still stand there.
    /// </summary>
    [Fact]
    public async Task Progress_counts_watches_that_stand_in_line()
    {
        await using var etcd = await TestEtcd.StartAsync();
        const int watches = 1_500, rounds = 20;
        await using var stream = Open(etcd);
        for (var i = 0; i < watches; i++)
        {
            await CreateAsync(stream, new() { Key = B($"k{i}") });
            Assert.True((await stream.ReadAsync()).Created);
        }
        var puts = new Storage.Transaction([], [.. Enumerable.Range(0, watches).Select(i => new Storage.PutOperation(B($"k{i}").ToByteArray(), []))], []);
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < rounds; i++) await etcd.Store.CommitAsync(puts, default);
        });
        var asking = Task.Run(async () =>
        {
            while (!writing.IsCompleted)
            {
                await stream.SendAsync(new WatchRequest { ProgressRequest = new() });
                // No faster than they are answered: what nobody reads any more in the end must have room on its way.
                await etcd.Client.GetAsync("pace");
            }
            await stream.SendAsync(new WatchRequest { ProgressRequest = new() });
        });
        var seen = new int[rounds + 2];
        for (long claimed = 0; claimed < rounds + 1;)
        {
            var response = await stream.ReadAsync();
            foreach (var change in response.Events) seen[change.Kv.ModRevision]++;
            if (response.WatchId != -1) continue;
            claimed = response.Header.Revision;
            for (var revision = 2; revision <= claimed; revision++) Assert.True(seen[revision] == watches, $"{claimed} was claimed when {seen[revision]} of {watches} had revision {revision}");
        }
        await writing;
        await asking;
    }
}
