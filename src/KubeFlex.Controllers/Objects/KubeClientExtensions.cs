using System.Text.Json.Nodes;
using KubeFlex.Machinery.Objects;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Controllers.Objects;

internal static class KubeClientExtensions
{
    private static readonly GroupVersionKind NamespaceKind = new("", "v1", "Namespace");

    /// <summary>The head of an object, or null: what most decisions need, without a request.</summary>
    public static async ValueTask<ObjectHead?> HeadAsync(this IControlPlaneAccess access, GroupVersionKind kind, string ns, string name, CancellationToken cancellation) =>
        await access.ReadAsync(kind, ns, name, cancellation) is { IsEmpty: false } json ? ObjectHead.Read(json.Span) : null;

    /// <summary>Whether there is a namespace that things can be made in.</summary>
    public static async ValueTask<bool> HasNamespaceAsync(this IControlPlaneAccess access, string ns, CancellationToken cancellation) =>
        await access.HeadAsync(NamespaceKind, "", ns, cancellation) is { Deleting: false };

    /// <summary>Creates unless someone else did first, or the namespace is going away: both are as good.</summary>
    public static async Task CreateIfAbsentAsync(this KubeClient client, ResourceRef reference, JsonObject obj, CancellationToken cancellation)
    {
        try
        {
            await client.CreateAsync(reference, obj, cancellation);
        }
        catch (KubeApiException e) when (e.IsAlreadyExists || e.IsNotFound || e.Code == 403)
        {
        }
    }
}
