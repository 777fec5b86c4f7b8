using System.Text.Json.Nodes;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Controllers.Objects;

internal static class KubeClientExtensions
{
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
