using System.Text.Json.Nodes;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Informers;
using KubeFlex.Runtime.Queues;
using KubeFlex.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeFlex.Runtime.Tests.Informers;

public sealed class InformerTests : IDisposable
{
    private static readonly ResourceRef Maps = Resources.ConfigMaps;

    private readonly FakeApi api = new();
    private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly List<string> log = [];
    private readonly Lock gate = new();
    private readonly List<(Func<bool> Condition, TaskCompletionSource Done)> waiting = [];

    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
        api.Dispose();
    }

    [Fact]
    public async Task It_lists_page_by_page_then_follows_the_watch()
    {
        for (var i = 0; i < 7; i++) Put($"m{i}", "old");
        var informer = Start(new InformerOptions { PageSize = 3 });
        await informer.WhenSyncedAsync(stop.Token);
        Assert.True(informer.HasSynced);
        Assert.Equal(7, informer.List().Count);
        Assert.Equal(3, api.Requests.Count(r => r.Query.Contains("limit=3", StringComparison.Ordinal)));
        Assert.Equal("ConfigMap", (string?)informer.Get("default", "m0")!["kind"]);

        Put("m0", "new");
        Put("m9", "new");
        api.Remove(Ref("m1"));
        await UntilAsync(() => informer.Get("default", "m1") is null && informer.Get("default", "m9") is not null);
        Assert.Equal("new", Value(informer, "m0"));
        await UntilAsync(() => log.Count == 10);
        Assert.Equal(["~m0", "+m9", "-m1"], Log().TakeLast(3));
    }

    [Fact]
    public async Task A_watch_that_ends_goes_on_from_the_last_event()
    {
        Put("a", "1");
        var informer = Start();
        await informer.WhenSyncedAsync(stop.Token);
        Put("b", "1");
        await UntilAsync(() => informer.Get("default", "b") is not null);
        api.EndWatches();
        Put("c", "1");
        await UntilAsync(() => log.Count == 3);
        Assert.Single(api.Requests, r => !r.Query.Contains("watch=true", StringComparison.Ordinal));
        Assert.Equal(["+a", "+b", "+c"], Log());
    }

    [Fact]
    public async Task A_bookmark_moves_the_point_to_go_on_from()
    {
        var informer = Start();
        await informer.WhenSyncedAsync(stop.Token);
        await api.UntilAsync(() => api.WatcherCount == 1, stop.Token);
        for (var i = 0; i < 3; i++) api.Bookmark();
        // History up to the bookmark is gone; who remembered the bookmark need not list again.
        Put("a", "1");
        await UntilAsync(() => informer.Get("default", "a") is not null);
        api.Bookmark();
        Put("z", "1");
        await UntilAsync(() => informer.Get("default", "z") is not null);
        api.Compact();
        api.EndWatches();
        Put("b", "1");
        await UntilAsync(() => informer.Get("default", "b") is not null);
        Assert.Single(api.Requests, r => !r.Query.Contains("watch=true", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_forgotten_resource_version_leads_to_a_new_list_that_tells_what_went()
    {
        Put("a", "1");
        Put("b", "1");
        var informer = Start();
        await informer.WhenSyncedAsync(stop.Token);
        await api.UntilAsync(() => api.WatcherCount == 1, stop.Token);
        // Between the end of the watch and the next one: changes whose history is lost.
        var blocked = true;
        api.Intercept = r => Volatile.Read(ref blocked) && r.Query.Contains("watch=true", StringComparison.Ordinal) ? FakeApi.Failure(503, "ServiceUnavailable", "away") : null;
        api.EndWatches();
        api.Remove(Ref("a"));
        Put("b", "2");
        Put("c", "1");
        api.Compact();
        Volatile.Write(ref blocked, false);
        await UntilAsync(() => informer.Get("default", "c") is not null && informer.Get("default", "a") is null);
        await UntilAsync(() => log.Count == 5);
        Assert.Equal("2", Value(informer, "b"));
        Assert.Equal(["+c", "-a", "~b"], Log().Skip(2).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_server_that_is_away_is_asked_again()
    {
        var failures = 2;
        api.Intercept = _ => Interlocked.Decrement(ref failures) >= 0 ? FakeApi.Failure(503, "ServiceUnavailable", "away") : null;
        Put("a", "1");
        var informer = Start(new InformerOptions { Backoff = new BackoffOptions { Initial = TimeSpan.FromMilliseconds(1) } });
        await informer.WhenSyncedAsync(stop.Token);
        Assert.NotNull(informer.Get("default", "a"));
    }

    [Fact]
    public async Task Its_own_write_is_seen_at_once_and_not_told_again()
    {
        var informer = Start();
        await informer.WhenSyncedAsync(stop.Token);
        // Hold back the watch, so that the write is observed before it tells.
        api.EndWatches();
        api.Intercept = r => r.Query.Contains("watch=true", StringComparison.Ordinal) && informer.Get("default", "mine") is null ? FakeApi.Failure(503, "ServiceUnavailable", "away") : null;
        var written = api.Put(Ref("mine"), new JsonObject { ["data"] = new JsonObject { ["v"] = "1" } });
        informer.Observe(written);
        Assert.Equal("1", Value(informer, "mine"));
        Put("other", "1");
        await UntilAsync(() => log.Contains("+other"));
        Assert.DoesNotContain("+mine", Log());
    }

    [Fact]
    public async Task An_answer_that_comes_after_the_deletion_does_not_bring_the_object_back()
    {
        var informer = Start();
        await informer.WhenSyncedAsync(stop.Token);
        var written = api.Put(Ref("a"), []);
        await UntilAsync(() => informer.Get("default", "a") is not null);
        api.Remove(Ref("a"));
        await UntilAsync(() => informer.Get("default", "a") is null);
        informer.Observe(written);
        Assert.Null(informer.Get("default", "a"));
    }

    [Fact]
    public async Task Indexes_follow_changes()
    {
        var informer = Start(new InformerOptions
        {
            Indexes = new Dictionary<string, Func<JsonObject, IEnumerable<string>>> { ["value"] = o => [(string)o["data"]!["v"]!] },
        });
        Put("a", "x");
        Put("b", "x");
        await UntilAsync(() => informer.Find("value", "x").Count == 2);
        Put("a", "y");
        await UntilAsync(() => informer.Find("value", "y").Count == 1);
        Assert.Equal("b", (string?)Assert.Single(informer.Find("value", "x"))["metadata"]!["name"]);
        api.Remove(Ref("b"));
        await UntilAsync(() => informer.Find("value", "x").Count == 0);
        Assert.Throws<ArgumentException>(() => informer.Find("no such", ""));
    }

    private Informer Start(InformerOptions? options = null)
    {
        var client = api.Client();
        var informer = new Informer(client, Maps, options ?? new InformerOptions(), TimeProvider.System, NullLogger.Instance);
        informer.OnChange(change =>
        {
            lock (gate)
            {
                log.Add((change.Old is null ? "+" : change.New is null ? "-" : "~") + (string)change.Latest["metadata"]!["name"]!);
                for (var i = waiting.Count - 1; i >= 0; i--)
                {
                    if (waiting[i].Condition()) waiting[i].Done.TrySetResult();
                }
            }
        });
        _ = informer.RunAsync(stop.Token);
        return informer;
    }

    private Task UntilAsync(Func<bool> condition)
    {
        lock (gate)
        {
            if (condition()) return Task.CompletedTask;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Add((condition, done));
            return done.Task.WaitAsync(TimeSpan.FromMinutes(2), stop.Token);
        }
    }

    private void Put(string name, string value) => api.Put(Ref(name), new JsonObject { ["data"] = new JsonObject { ["v"] = value } });

    private List<string> Log()
    {
        lock (gate) return [.. log];
    }

    private static ResourceRef Ref(string name) => Maps.In("default").Named(name);

    private static string? Value(Informer informer, string name) => (string?)informer.Get("default", name)!["data"]!["v"];
}
