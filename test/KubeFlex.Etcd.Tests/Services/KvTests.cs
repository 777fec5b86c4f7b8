using KubeFlex.Etcd.Protocol;
using KubeFlex.Etcd.Tests.Support;
using static KubeFlex.Etcd.Tests.Support.RawClient;
using Order = KubeFlex.Etcd.Protocol.RangeRequest.Types.SortOrder;
using Target = KubeFlex.Etcd.Protocol.RangeRequest.Types.SortTarget;

namespace KubeFlex.Etcd.Tests.Services;

public sealed class KvTests
{
    private static string Keys(RangeResponse response) => string.Join(' ', response.Kvs.Select(item => item.Key.ToStringUtf8()));

    [Fact]
    public async Task Ranges_sort_filter_and_cut_as_etcd_does()
    {
        await using var etcd = await TestEtcd.StartAsync();
        var client = etcd.Client;
        foreach (var (key, value) in new[] { ("a", "3"), ("b", "1"), ("c", "2"), ("a", "0") }) await client.PutAsync(key, value);
        RangeRequest All() => new() { Key = B("a"), RangeEnd = B("z") };
        async Task<string> With(Action<RangeRequest> change)
        {
            var request = All();
            change(request);
            var response = await client.RangeAsync(request);
            return $"{Keys(response)}|{response.Count}|{response.More}";
        }

        Assert.Equal("a b c|3|False", await With(_ => { }));
        Assert.Equal("a b|3|True", await With(r => r.Limit = 2));
        Assert.Equal("c b|3|True", await With(r => (r.SortOrder, r.Limit) = (Order.Descend, 2)));
        Assert.Equal("a b c|3|False", await With(r => r.SortTarget = Target.Value));
        Assert.Equal("a c b|3|False", await With(r => (r.SortTarget, r.SortOrder) = (Target.Mod, Order.Descend)));
        Assert.Equal("b c a|3|False", await With(r => (r.SortTarget, r.SortOrder) = (Target.Version, Order.Ascend)));
        Assert.Equal("b|3|True", await With(r => (r.MaxModRevision, r.Limit) = (4, 1)));
        Assert.Equal("b c|3|False", await With(r => r.MaxModRevision = 4));
        Assert.Equal("a|3|False", await With(r => r.MinModRevision = 5));
        Assert.Equal("b c|3|False", await With(r => r.MinCreateRevision = 3));
        Assert.Equal("a|3|False", await With(r => r.MaxCreateRevision = 2));
        Assert.Equal("|3|False", await With(r => (r.CountOnly, r.Limit) = (true, 1)));
        Assert.Equal("a|1|False", await With(r => r.Revision = 2));
        Assert.Equal("c|1|False", await With(r => r.Key = B("c")));
        var old = await client.RangeAsync(new() { Key = B("a"), Revision = 3 });
        Assert.Equal(("3", 5), (old.Kvs[0].Value.ToStringUtf8(), old.Header.Revision));
        var keys = await client.RangeAsync(new() { Key = B("a"), KeysOnly = true });
        Assert.Equal((0, 2L), (keys.Kvs[0].Value.Length, keys.Kvs[0].Version));
    }

    [Fact]
    public async Task Puts_and_deletes_answer_what_was_there()
    {
        await using var etcd = await TestEtcd.StartAsync();
        var client = etcd.Client;
        Assert.Equal(2, (await client.PutAsync("a", "1")).Header.Revision);
        var put = await client.CallAsync("KV/Put", new PutRequest { Key = B("a"), Value = B("2"), PrevKv = true }, PutResponse.Parser);
        Assert.Equal("1", put.PrevKv.Value.ToStringUtf8());
        await client.CallAsync("KV/Put", new PutRequest { Key = B("a"), IgnoreValue = true }, PutResponse.Parser);
        var kept = (await client.GetAsync("a")).Kvs[0];
        Assert.Equal(("2", 3L, 2L, 4L), (kept.Value.ToStringUtf8(), kept.Version, kept.CreateRevision, kept.ModRevision));
        var gone = await client.CallAsync("KV/DeleteRange", new DeleteRangeRequest { Key = B("a"), PrevKv = true }, DeleteRangeResponse.Parser);
        Assert.Equal((1, "2"), (gone.Deleted, gone.PrevKvs[0].Value.ToStringUtf8()));
        Assert.Equal((0, 5), (await client.DeleteAsync("a") is var nothing ? nothing.Deleted : -1, nothing.Header.Revision));
    }

    [Fact]
    public async Task Transactions_nest()
    {
        await using var etcd = await TestEtcd.StartAsync();
        var inner = new TxnRequest { Compare = { Is("a", 0) }, Success = { Put("b", "then") }, Failure = { Put("b", "else") } };
        var request = new TxnRequest { Compare = { Is("a", 0) }, Success = { Put("a", "1"), new RequestOp { RequestTxn = inner }, Get("b") } };
        var response = await etcd.Client.TxnAsync(request);
        Assert.True(response.Succeeded);
        Assert.Equal(2, response.Header.Revision);
        // The inner comparison sees the state before the outer put.
        Assert.True(response.Responses[1].ResponseTxn.Succeeded);
        Assert.Equal("then", response.Responses[2].ResponseRange.Kvs[0].Value.ToStringUtf8());
        Assert.False((await etcd.Client.TxnAsync(request)).Succeeded);
    }

    public static TheoryData<string, int, string> Errors() => new()
    {
        { "range", 3, "etcdserver: key is not provided" },
        { "future", 11, "etcdserver: mvcc: required revision is a future revision" },
        { "compacted", 11, "etcdserver: mvcc: required revision has been compacted" },
        { "compact again", 11, "etcdserver: mvcc: required revision has been compacted" },
        { "compact future", 11, "etcdserver: mvcc: required revision is a future revision" },
        { "sort", 3, "etcdserver: invalid sort option" },
        { "value provided", 3, "etcdserver: value is provided" },
        { "lease provided", 3, "etcdserver: lease is provided" },
        { "ignore absent", 3, "etcdserver: key not found" },
        { "no lease", 5, "etcdserver: requested lease not found" },
        { "duplicate", 3, "etcdserver: duplicate key given in txn request" },
        { "operations", 3, "etcdserver: too many operations in txn request" },
        { "nested operations", 3, "etcdserver: too many operations in txn request" },
        { "empty operation", 3, "etcdserver: key not found" },
        { "large", 3, "etcdserver: request is too large" },
        { "huge", 8, "grpc: received message larger than max (2200012 vs. 2097152)" },
        { "ttl", 11, "etcdserver: too large lease TTL" },
        { "users", 12, "etcdserver: users and roles are not supported: a client's certificate names the store it may see" },
        { "login", 9, "etcdserver: authentication is not enabled" },
        { "unknown", 12, "unknown method /etcdserverpb.KV/Nothing" },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task Failures_have_etcds_codes_and_words(string what, int code, string message)
    {
        await using var etcd = await TestEtcd.StartAsync();
        var client = etcd.Client;
        for (var i = 0; i < 4; i++) await client.PutAsync("a", $"{i}");
        await client.CompactAsync(4);
        Task Act() => what switch
        {
            "range" => client.RangeAsync(new()),
            "future" => client.RangeAsync(new() { Key = B("a"), Revision = 6 }),
            "compacted" => client.RangeAsync(new() { Key = B("a"), Revision = 3 }),
            "compact again" => client.CompactAsync(4),
            "compact future" => client.CompactAsync(6),
            "sort" => client.RangeAsync(new() { Key = B("a"), SortOrder = (Order)7 }),
            "value provided" => PutAsync(new() { Key = B("a"), Value = B("1"), IgnoreValue = true }),
            "lease provided" => PutAsync(new() { Key = B("a"), Lease = 1, IgnoreLease = true }),
            "ignore absent" => PutAsync(new() { Key = B("b"), IgnoreValue = true }),
            "no lease" => client.PutAsync("a", "1", lease: 77),
            "duplicate" => client.TxnAsync(new() { Success = { Put("a", "1"), Put("a", "2") } }),
            "operations" => client.TxnAsync(new() { Success = { Enumerable.Range(0, 129).Select(i => Get($"{i}")) } }),
            "nested operations" => client.TxnAsync(new() { Success = { Enumerable.Range(0, 100).Select(i => Get($"{i}")).Append(new RequestOp { RequestTxn = new() { Success = { Enumerable.Range(0, 100).Select(i => Get($"{i}")) } } }) } }),
            "empty operation" => client.TxnAsync(new() { Success = { new RequestOp() } }),
            "large" => client.PutAsync("a", new string('x', 1536 * 1024)),
            "huge" => client.PutAsync("a", new string('x', 2_200_004)),
            "ttl" => client.CallAsync("Lease/LeaseGrant", new LeaseGrantRequest { TTL = 9_000_000_001 }, LeaseGrantResponse.Parser),
            "users" => client.CallAsync("Auth/UserList", new Refused(), Refused.Parser),
            "login" => client.CallAsync("Auth/Authenticate", new AuthenticateRequest(), AuthenticateResponse.Parser),
            _ => client.CallAsync("KV/Nothing", new Refused(), Refused.Parser),
        };
        Task PutAsync(PutRequest request) => client.CallAsync("KV/Put", request, PutResponse.Parser);
        var error = await Assert.ThrowsAsync<StatusException>(Act);
        Assert.Equal((code, message), (error.Code, error.Status));
    }

    [Fact]
    public async Task A_client_of_no_store_is_denied()
    {
        using var face = new EtcdFace(new CertificateStoreResolver((_, _) => new((Storage.Store?)null)), new(), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        await using var listener = await EtcdListener.StartAsync(face, new(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0)), _ => { }, default);
        using var client = new RawClient(listener.Url);
        Assert.Equal(7, (await Assert.ThrowsAsync<StatusException>(() => client.GetAsync("a"))).Code);
    }

    [Fact]
    public async Task A_deadline_ends_a_call()
    {
        await using var etcd = await TestEtcd.StartAsync();
        var (_, code, _) = await etcd.Client.SendAsync("Watch/Watch", Frame(new WatchRequest()), "50m");
        Assert.True(code is 0 or 4, $"status {code}");
        var error = await Assert.ThrowsAsync<StatusException>(() => etcd.Client.CallAsync("KV/Range", new RangeRequest { Key = B("a") }, RangeResponse.Parser, "soon"));
        Assert.Equal(13, error.Code);
    }

    internal static Compare Is(string key, long revision) => new() { Key = B(key), Target = Compare.Types.CompareTarget.Mod, ModRevision = revision };

    internal static RequestOp Put(string key, string value, long lease = 0) => new() { RequestPut = new() { Key = B(key), Value = B(value), Lease = lease } };

    internal static RequestOp Get(string key) => new() { RequestRange = new() { Key = B(key) } };

    internal static RequestOp Delete(string key) => new() { RequestDeleteRange = new() { Key = B(key) } };
}
