using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using KubeFlex.ApiServer;
using KubeFlex.ApiServer.Fairness;
using KubeFlex.Controllers;
using KubeFlex.Controllers.Objects;
using KubeFlex.Machinery.Objects;
using KubeFlex.Runtime.Client;
using KubeFlex.Server.InProcess;
using KubeFlex.Storage;

namespace KubeFlex.Server.ControlPlanes;

/// <summary>One control plane that is open: its API over its store, and its controllers fed by the store's changes.</summary>
internal sealed class RunningControlPlane : IControlPlaneAccess, IAsyncDisposable
{
    private static readonly UserInfo ControllerUser = new("system:kube-controller-manager", ["system:masters", "system:authenticated"]);

    private readonly Store store;
    private readonly IDisposable subscription;
    private readonly IAsyncDisposable? place;
    private readonly Lazy<SslStreamCertificateContext> certificate;

    private RunningControlPlane(string name, Store store, ControlPlaneApi api, ControlPlaneRecord record, ControllerManager manager, IAsyncDisposable? place)
    {
        (Name, this.store, Api, Record, this.place) = (name, store, api, record, place);
        Client = ClientFor(api, ControllerUser, "kube-controller-manager");
        // The context keeps the certificate: it must not be disposed.
        certificate = new(() => SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(record.ServingPem, record.ServingKeyPem), null, offline: true));
        var controllers = manager.Add(this);
        Controllers = controllers;
        subscription = store.Subscribe((_, events) =>
        {
            foreach (var e in events)
                if (IsObject(e.Current.Key)) controllers.Observe(new ObjectChange(e.Kind == EventKind.Put ? e.Current.Value : default, e.Previous?.Value));
        });
    }

    public string Name { get; }
    public ControlPlaneApi Api { get; }
    public ControlPlaneRecord Record { get; }
    public ControlPlaneControllers Controllers { get; }
    public KubeClient Client { get; }

    /// <summary>For clients that name this control plane in their TLS hello; most come by path, so it is made for the first that does.</summary>
    public SslStreamCertificateContext Certificate => certificate.Value;

    public string RootCertificate => Record.CaPem;
    public bool Stopped { get; private set; }
    public Store Store => store;

    /// <summary>Its store refuses everything: it is another server's, or deleted.</summary>
    public bool Ended => store.Ended;

    /// <summary>Opens the API over the store, writes what a fresh control plane holds, wakes the controllers.</summary>
    public static async Task<RunningControlPlane> StartAsync(string name, Store store, IAsyncDisposable? place, ControlPlaneRecord record, SharedApi shared,
        ControllerManager manager, System.Net.IPEndPoint advertise, CancellationToken cancellation, Func<Microsoft.AspNetCore.Http.HttpContext, ValueTask<bool>>? extension = null, Backlog? backlog = null)
    {
        var api = new ControlPlaneApi(shared, store, new ControlPlaneApiOptions
        {
            Name = name,
            ClientAuthorities = record.CaPem,
            ServiceAccountKey = record.ServiceAccountKeyPem,
            AdvertiseAddress = advertise.Address.ToString(),
            AdvertisePort = advertise.Port,
            Extension = extension,
            Backlog = backlog,
        });
        await api.StartAsync(cancellation);
        var running = new RunningControlPlane(name, store, api, record, manager, place);
        await running.Controllers.ResyncAsync(cancellation);
        return running;
    }

    /// <summary>A client that acts as <paramref name="user"/> without leaving the process.</summary>
    public static KubeClient ClientFor(ControlPlaneApi api, UserInfo user, string fieldManager) =>
        new(new HttpClient(new InProcessHandler(api.HandleAsync, user)) { BaseAddress = new Uri("https://in-process/"), Timeout = Timeout.InfiniteTimeSpan }, fieldManager);

    public (ResourceRef Collection, bool Namespaced)? Resolve(GroupVersionKind kind) =>
        Api.FindKind(kind) is { } r ? (new ResourceRef(r.Kind.Group, r.Kind.Version, r.Resource), r.Namespaced) : null;

    public ValueTask<ReadOnlyMemory<byte>> ReadAsync(GroupVersionKind kind, string ns, string name, CancellationToken cancellation) => Api.ReadAsync(kind, ns, name, cancellation);

    public async ValueTask<IEnumerable<ReadOnlyMemory<byte>>> SnapshotAsync(CancellationToken cancellation)
    {
        var view = await store.ViewAsync(cancellation);
        return view.Range(ObjectKeys.All).Items.Select(kv => (ReadOnlyMemory<byte>)kv.Value);
    }

    public string? IssueSecretToken(string ns, string serviceAccount, string serviceAccountUid, string secret) =>
        Api.IssueSecretToken(ns, serviceAccount, serviceAccountUid, secret);

    public async ValueTask DisposeAsync()
    {
        if (Stopped) return;
        Stopped = Controllers.Stopped = true;
        subscription.Dispose();
        Client.Dispose();
        await Api.DisposeAsync();
        if (place is not null) await place.DisposeAsync();
    }

    private static bool IsObject(byte[] key) => key.AsSpan().StartsWith(ObjectKeys.Root);
}
