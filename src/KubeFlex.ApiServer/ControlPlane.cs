using KubeFlex.ApiServer.Authentication;
using KubeFlex.ApiServer.Authorization;
using KubeFlex.ApiServer.Bootstrap;
using KubeFlex.ApiServer.CustomResources;
using KubeFlex.ApiServer.Fairness;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Objects;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer;

/// <summary>The parts of one control plane, for those who answer its requests.</summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();

    public ControlPlane(SharedApi shared, Store store, ControlPlaneApiOptions options)
    {
        (Shared, Store, Options) = (shared, store, options);
        Tokens = new ServiceAccountTokens(this);
        Authenticator = new Authenticator(this);
        Authorizer = new RbacAuthorizer(this);
        Definitions = new CustomResourceRegistry(this);
        Writer = new ObjectWriter(this);
        Stopping = stopping.Token;
        if (options.Backlog is { } backlog) Pace = shared.Fairness.Pace(backlog);
    }

    public SharedApi Shared { get; }
    public Store Store { get; }
    public ControlPlaneApiOptions Options { get; }
    public ServiceAccountTokens Tokens { get; }
    public Authenticator Authenticator { get; }
    public IAuthorizer Authorizer { get; }
    public CustomResourceRegistry Definitions { get; }
    public ObjectWriter Writer { get; }

    /// <summary>Where creates wait that make work in this process; null when none does.</summary>
    public PriorityLevel? Pace { get; }

    /// <summary>Ends watches and background work when the control plane is closed.</summary>
    public CancellationToken Stopping { get; }

    public DateTimeOffset Now => Shared.Time.GetUtcNow();

    /// <summary>The first objects are there.</summary>
    public bool Started { get; private set; }

    public ResourceEntry? Find(ReadOnlySpan<char> group, ReadOnlySpan<char> version, ReadOnlySpan<char> resource) =>
        Shared.BuiltIn.Find(group, version, resource) ?? Definitions.Current.Table.Find(group, version, resource);

    /// <summary>The resource that serves a kind, built-in or custom; null when there is none.</summary>
    public ResourceEntry? FindKind(GroupVersionKind kind) => Shared.Catalog.FindKind(kind) is { } known
        ? Shared.BuiltIn.Find(known.Kind.Group, known.Kind.Version, known.Resource) : Definitions.Current.Table.FindKind(kind);

    /// <summary>A built-in resource that is certainly there.</summary>
    public ResourceEntry BuiltIn(string group, string version, string resource) =>
        Shared.BuiltIn.Find(group, version, resource) ?? throw new InvalidOperationException($"The catalog lacks {group}/{version} {resource}.");

    public async Task StartAsync(CancellationToken cancellation)
    {
        await InitialObjects.EnsureAsync(this, cancellation);
        await Definitions.StartAsync(cancellation);
        Started = true;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Definitions.DisposeAsync();
        Authenticator.Dispose();
        Pace?.Dispose();
    }
}
