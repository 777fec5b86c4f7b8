using System.Text;
using KubeFlex.Etcd.Grpc;
using KubeFlex.Etcd.Services;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Etcd;

/// <summary>
/// etcd's v3 API in front of stores; <see cref="EtcdListener"/> serves it. Which store a call sees is <see cref="IStoreResolver"/>'s to say.
/// </summary>
public sealed class EtcdFace : IDisposable
{
    // etcd lets gRPC take so much more than a request may have, so that what is a bit too large gets etcd's own error.
    private const int FrameOverhead = 512 << 10;

    private readonly IStoreResolver resolver;
    private readonly EtcdOptions options;
    private readonly CancellationTokenSource stopping = new();

    /// <summary>Makes the face.</summary>
    public EtcdFace(IStoreResolver resolver, EtcdOptions options, TimeProvider time, ILoggerFactory logs)
    {
        (this.resolver, this.options, Time, Logger) = (resolver, options, time, logs.CreateLogger("KubeFlex.Etcd"));
        Endpoint = new(Methods(time), options.RequestBytes + FrameOverhead, new(options.BufferedBytes), time, EtcdErrors.Translate, Logger, stopping.Token);
    }

    internal GrpcEndpoint Endpoint { get; }

    internal TimeProvider Time { get; }

    internal ILogger Logger { get; }

    /// <summary>Answers a request that is no call of etcd's API: <c>GET /health</c> and <c>/version</c>, and the rest with a status that says what it should have been.</summary>
    public Task HandleAsync(HttpContext http)
    {
        if (GrpcEndpoint.Speaks(Encoding.ASCII.GetBytes(http.Request.ContentType ?? "")))
        {
            // Calls are POSTs.
            http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return Task.CompletedTask;
        }
        var text = !HttpMethods.IsGet(http.Request.Method) ? null : http.Request.Path.Value switch
        {
            "/health" => """{"health":"true","reason":""}""",
            "/version" => $$"""{"etcdserver":"{{options.Version}}","etcdcluster":"{{options.Version}}"}""",
            _ => null,
        };
        if (text is null)
        {
            http.Response.StatusCode = HttpMethods.IsPost(http.Request.Method) ? StatusCodes.Status415UnsupportedMediaType : StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }

    /// <summary>Ends all calls, so that connections can end; clients read that the server stopped and go elsewhere.</summary>
    public void Stop() => stopping.Cancel();

    /// <inheritdoc/>
    public void Dispose() => stopping.Dispose();

    private List<GrpcMethod> Methods(TimeProvider time)
    {
        var kv = new KvService(options);
        var lease = new LeaseService(options);
        var maintenance = new MaintenanceService(options);
        var cluster = new ClusterService(options);
        var methods = new List<GrpcMethod>();
        void Add(string path, Func<GrpcCall, Store, Task> answer) => methods.Add(new("/etcdserverpb." + path, call => AnswerAsync(call, answer)));

        Add("KV/Range", kv.RangeAsync);
        Add("KV/Put", kv.PutAsync);
        Add("KV/DeleteRange", kv.DeleteRangeAsync);
        Add("KV/Txn", kv.TxnAsync);
        Add("KV/Compact", kv.CompactAsync);
        Add("Watch/Watch", async (call, store) =>
        {
            await using var stream = new WatchStream(call, store, options, time);
            await stream.RunAsync();
        });
        Add("Lease/LeaseGrant", lease.GrantAsync);
        Add("Lease/LeaseRevoke", lease.RevokeAsync);
        Add("Lease/LeaseKeepAlive", lease.KeepAliveAsync);
        Add("Lease/LeaseTimeToLive", lease.TimeToLiveAsync);
        Add("Lease/LeaseLeases", lease.LeasesAsync);
        Add("Maintenance/Status", maintenance.StatusAsync);
        Add("Maintenance/Defragment", maintenance.DefragmentAsync);
        Add("Maintenance/Alarm", maintenance.AlarmAsync);
        Add("Maintenance/Hash", maintenance.HashAsync);
        Add("Maintenance/HashKV", maintenance.HashKvAsync);
        Add("Maintenance/Snapshot", maintenance.SnapshotAsync);
        Add("Cluster/MemberList", cluster.MemberListAsync);
        Add("Auth/AuthStatus", cluster.AuthStatusAsync);
        Add("Auth/Authenticate", cluster.AuthenticateAsync);

        const string users = "users and roles are not supported: a client's certificate names the store it may see";
        const string members = "members are not supported: one KubeFlex server owns a store at a time";
        foreach (var name in (string[])["AuthEnable", "AuthDisable", "UserAdd", "UserGet", "UserList", "UserDelete", "UserChangePassword", "UserGrantRole", "UserRevokeRole",
            "RoleAdd", "RoleGet", "RoleList", "RoleDelete", "RoleGrantPermission", "RoleRevokePermission"]) Refuse("Auth/" + name, users);
        foreach (var name in (string[])["Cluster/MemberAdd", "Cluster/MemberRemove", "Cluster/MemberUpdate", "Cluster/MemberPromote", "Maintenance/MoveLeader", "Maintenance/Downgrade"])
            Refuse(name, members);
        return methods;

        void Refuse(string path, string why) => methods.Add(new("/etcdserverpb." + path, _ => throw EtcdErrors.Unsupported(why)));
    }

    private Task AnswerAsync(GrpcCall call, Func<GrpcCall, Store, Task> answer) =>
        resolver.TryResolve(call.ClientCertificate) is { } known ? answer(call, known) : ResolveAsync(call, answer);

    private async Task ResolveAsync(GrpcCall call, Func<GrpcCall, Store, Task> answer)
    {
        var store = await resolver.ResolveAsync(call.ClientCertificate, call.Cancellation) ?? throw EtcdErrors.PermissionDenied();
        await answer(call, store);
    }
}
