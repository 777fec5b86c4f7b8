using Google.Protobuf;
using Google.Protobuf.Collections;
using KubeFlex.Etcd.Protocol;
using KubeFlex.Etcd.Tests.Support;
using static KubeFlex.Etcd.Tests.Support.RawClient;

namespace KubeFlex.Etcd.Tests.Clients;

/// <summary>The same requests to a stock etcd and to us must have the same answers, codes and words, but for what tells who answers.</summary>
public sealed class ComparisonTests
{
    private static async Task<RealEtcd> StockAsync()
    {
        if (await RealEtcd.StartAsync() is { } stock) return stock;
        const string why = "etcd is not installed: run tools/install-test-tools.sh";
        if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail(why);
        Assert.Skip(why);
        return null!;
    }

    private static async Task<string> AskAsync(RawClient client, string method, IMessage request, MessageParser answer)
    {
        var (body, code, message) = await client.SendAsync(method, Frame(request));
        return code == 0 ? Text(answer.ParseFrom(body.AsSpan(5).ToArray())) : $"{code} {message}";
    }

    private static string Text(IMessage answer)
    {
        if (answer.Descriptor.FindFieldByName("header").Accessor.GetValue(answer) is ResponseHeader header) (header.ClusterId, header.MemberId, header.RaftTerm) = (0, 0, 0);
        // Seconds pass between the one and the other.
        if (answer is LeaseTimeToLiveResponse { TTL: > 900 } lease) lease.TTL = lease.GrantedTTL;
        // etcd's come in the order of their ends, their keys in any order.
        if (answer is LeaseLeasesResponse leases) Sort(leases.Leases, one => one.ID);
        if (answer is LeaseTimeToLiveResponse { Keys: var keys }) Sort(keys, key => key.ToBase64());
        return JsonFormatter.Default.Format(answer);
    }

    private static void Sort<T, TBy>(RepeatedField<T> list, Func<T, TBy> by)
    {
        var sorted = list.OrderBy(by).ToList();
        list.Clear();
        list.Add(sorted);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(0)]
    public async Task Any_requests_have_the_same_answers(int seed)
    {
        if (seed == 0) seed = Random.Shared.Next();
        await using var stock = await StockAsync();
        await using var ours = await TestEtcd.StartAsync();
        using var client = stock.Connect();
        var requests = new RandomRequests(new Random(seed));
        for (var i = 0; i < 1_000; i++)
        {
            var (method, request, answer) = requests.Next();
            var (expected, actual) = (await AskAsync(client, method, request, answer), await AskAsync(ours.Client, method, request, answer));
            // Of several mistakes in one transaction either may be named.
            if (request is TxnRequest && !expected.StartsWith('{') && !actual.StartsWith('{')) continue;
            Assert.True(expected == actual, $"seed {seed}, request {i}: {method} {request}\n etcd: {expected}\n ours: {actual}");
            requests.Revision = ours.Store.Revision;
        }
        // And the same history.
        Assert.Equal(await HistoryAsync(client, ours.Store.CompactedRevision, requests.Revision), await HistoryAsync(ours.Client, ours.Store.CompactedRevision, requests.Revision));
    }

    private static async Task<string> HistoryAsync(RawClient client, long from, long to)
    {
        await using var stream = client.Open("Watch/Watch", WatchResponse.Parser);
        await stream.SendAsync(new WatchRequest { CreateRequest = new() { Key = B("\0"), RangeEnd = B("\0"), StartRevision = from + 1 } });
        var events = new List<string>();
        for (var last = from; last < to;)
        {
            foreach (var change in (await stream.ReadAsync()).Events)
            {
                events.Add(JsonFormatter.Default.Format(change));
                last = change.Kv.ModRevision;
            }
        }
        return string.Join('\n', events);
    }

    [Fact]
    public async Task Watches_have_the_same_answers()
    {
        await using var stock = await StockAsync();
        await using var ours = await TestEtcd.StartAsync();
        using var client = stock.Connect();
        Assert.Equal(await WatchAsync(client), await WatchAsync(ours.Client));
    }

    private static async Task<string> WatchAsync(RawClient client)
    {
        for (var i = 0; i < 6; i++) await client.PutAsync("a", $"{i}");
        await client.CompactAsync(4);
        await using var stream = client.Open("Watch/Watch", WatchResponse.Parser);
        var heard = new List<string>();
        async Task DoAsync(int answers, WatchRequest request)
        {
            await stream.SendAsync(request);
            await HearAsync(answers);
        }
        async Task HearAsync(int answers)
        {
            for (var i = 0; i < answers; i++)
            {
                var answer = await stream.ReadAsync();
                // etcd's has no revision there.
                if (answer.CompactRevision > 0) answer.Header.Revision = 0;
                heard.Add(Text(answer));
            }
        }
        WatchRequest Create(string key, string end = "", long start = 0, long id = 0, bool previous = false, params WatchCreateRequest.Types.FilterType[] filters)
            => new() { CreateRequest = new() { Key = B(key), RangeEnd = B(end), StartRevision = start, WatchId = id, PrevKv = previous, Filters = { filters } } };

        await DoAsync(1, Create("a", previous: true));
        await DoAsync(1, Create("z", "a"));
        await DoAsync(1, Create("a", "b", id: 7, filters: WatchCreateRequest.Types.FilterType.Noput));
        await DoAsync(1, Create("b", id: 7));
        await DoAsync(2, Create("a", start: 3));
        await DoAsync(2, Create("a", start: 6));
        await DoAsync(1, Create("later", start: 10));
        await DoAsync(1, new() { CancelRequest = new() { WatchId = 2 } });
        await DoAsync(0, new() { CancelRequest = new() { WatchId = 99 } });
        await client.PutAsync("later", "not yet");
        await client.PutAsync("a", "new");
        await HearAsync(1);
        await client.PutAsync("later", "now");
        await HearAsync(1);
        await client.DeleteAsync("a", "b");
        await HearAsync(2);
        // What several watches hear of one event comes in any order.
        return string.Join('\n', [.. heard[..^2], .. heard[^2..].Order(StringComparer.Ordinal)]);
    }
}
