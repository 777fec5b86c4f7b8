using KubeFlex.ApiServer.Fairness;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.ApiServer;

/// <summary>Who makes a request.</summary>
/// <param name="Name">User name.</param>
/// <param name="Groups">Groups, <c>system:authenticated</c> or <c>system:unauthenticated</c> included.</param>
/// <param name="Uid">Uid, or empty.</param>
/// <param name="Extra">Extra attributes.</param>
public sealed record UserInfo(string Name, IReadOnlyList<string> Groups, string Uid = "", IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra = null)
{
    /// <summary>Member of <c>system:masters</c>, who may do everything.</summary>
    internal bool IsMaster { get; } = Groups.Contains("system:masters");
}

/// <summary>Set on a request's features by an in-process caller: authentication takes the user from here.</summary>
/// <param name="User">The caller.</param>
public sealed record AuthenticatedUser(UserInfo User);

/// <summary>What is particular to one control plane.</summary>
public sealed record ControlPlaneApiOptions
{
    /// <summary>Name; for logs.</summary>
    public required string Name { get; init; }

    /// <summary>Certificate authorities whose client certificates are accepted, PEM (more than one during a rotation).</summary>
    public required string ClientAuthorities { get; init; }

    /// <summary>Key that signs service-account tokens (P-256), PEM, or null: then tokens are refused.</summary>
    public string? ServiceAccountKey { get; init; }

    /// <summary>Issuer of service-account tokens.</summary>
    public string ServiceAccountIssuer { get; init; } = "https://kubernetes.default.svc.cluster.local";

    /// <summary>Fixed bearer tokens and whom they stand for; compared in constant time.</summary>
    public IReadOnlyDictionary<string, UserInfo> StaticTokens { get; init; } = new Dictionary<string, UserInfo>();

    /// <summary>Address and port that the <c>kubernetes</c> service's endpoints show.</summary>
    public string AdvertiseAddress { get; init; } = "127.0.0.1";

    /// <summary>Port of <see cref="AdvertiseAddress"/>.</summary>
    public int AdvertisePort { get; init; } = 6443;

    /// <summary>Work that creates of one resource make in this process, or null: clients' creates keep step with it.</summary>
    public Backlog? Backlog { get; init; }

    /// <summary>
    /// Answers paths of the embedding program that are no resources, after authentication and authorization; with false the path is the API's own.
    /// What it throws is answered as any failure.
    /// </summary>
    public Func<HttpContext, ValueTask<bool>>? Extension { get; init; }
}

/// <summary>One control plane's HTTP API over one store. Holds no thread and no timer.</summary>
public sealed class ControlPlaneApi : IAsyncDisposable
{
    private readonly ControlPlane plane;
    private readonly Pipeline pipeline;

    /// <summary>Makes the API over an open store.</summary>
    public ControlPlaneApi(SharedApi shared, Store store, ControlPlaneApiOptions options)
    {
        plane = new ControlPlane(shared, store, options);
        pipeline = new Pipeline(plane);
    }

    /// <summary>Writes the first objects of a fresh control plane (one transaction) if they are not there, and loads its custom resources. Runs once before the first request.</summary>
    public Task StartAsync(CancellationToken cancellation) => plane.StartAsync(cancellation);

    /// <summary>Answers one request; <c>Request.Path</c> is relative to this control plane.</summary>
    public Task HandleAsync(HttpContext context) => pipeline.HandleAsync(context);

    /// <summary>The resource that serves a kind here, built-in or custom; null when there is none.</summary>
    public ResourceInfo? FindKind(GroupVersionKind kind) =>
        plane.Shared.Catalog.FindKind(kind) ?? plane.Definitions.Current.Table.FindKind(kind)?.Info;

    /// <summary>An object as the store keeps it, in the version it is stored in, whoever asks; empty when there is none. For callers inside the process.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(GroupVersionKind kind, string ns, string name, CancellationToken cancellation) =>
        plane.FindKind(kind) is { } entry && (await plane.Store.ViewAsync(cancellation)).Get(entry.Key(ns, name)) is { } found ? found.Value : default;

    /// <summary>A token that does not expire, for a Secret of type <c>kubernetes.io/service-account-token</c>; null when this control plane signs none.</summary>
    public string? IssueSecretToken(string ns, string serviceAccount, string serviceAccountUid, string secret) =>
        plane.Tokens.CanSign ? plane.Tokens.IssueLegacy(ns, serviceAccount, serviceAccountUid, secret) : null;

    /// <summary>Ends all watches and drops what belongs to this control plane; the store stays with its owner.</summary>
    public ValueTask DisposeAsync() => plane.DisposeAsync();
}
