using KubeFlex.Runtime.Client;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.Server.Sharing;

/// <summary>
/// What the server with the hosting control plane has others do with control planes that they have, or shall have: the words of
/// <see cref="PeerHeaders.Task"/>. Answered without a body, or with a sentence that says why not.
/// </summary>
internal sealed class PeerTasks(ControlPlaneHost host)
{
    /// <summary>Open what nobody has, so that its controllers run.</summary>
    public const string Open = "open";

    /// <summary>Does it answer?</summary>
    public const string Check = "check";

    /// <summary>Close it: it is being deleted.</summary>
    public const string Close = "close";

    /// <summary>Delete it with its store.</summary>
    public const string Delete = "delete";

    private const string EnsurePrefix = "ensure ";

    /// <summary>Make it and serve it as it stands in the hosting control plane now.</summary>
    public static string Ensure(string backend) => EnsurePrefix + backend;

    public async Task HandleAsync(HttpContext http, string name, string task)
    {
        var (status, why) = await DoAsync(name, task, http.RequestAborted);
        http.Response.StatusCode = status;
        if (why is not null) await http.Response.WriteAsync(why, http.RequestAborted);
    }

    private async Task<(int Status, string? Why)> DoAsync(string name, string task, CancellationToken cancellation)
    {
        try
        {
            switch (task)
            {
                case Open:
                    await host.GetAsync(name, cancellation);
                    break;
                case Check:
                    if (await host.CheckAsync(name, cancellation) is { } wrong) return (503, wrong);
                    break;
                case Close:
                    await host.CloseAsync(name, cancellation);
                    break;
                case Delete:
                    await host.DeleteAsync(name, cancellation);
                    break;
                case var _ when task.StartsWith(EnsurePrefix, StringComparison.Ordinal):
                    await host.EnsureAsync(name, task[EnsurePrefix.Length..], cancellation);
                    break;
                default:
                    return (400, "this server does not know what is asked of it: all servers on a database must be of one version");
            }
            return (204, null);
        }
        // Another server has it: for a control plane that shall be open, that is as good.
        catch (StorageException e) when (task == Open && e.Failure == StorageFailure.NotOwner)
        {
            return (204, null);
        }
        catch (Exception e) when (e is StorageException or KubeApiException or HttpRequestException or IOException or InvalidOperationException)
        {
            return (503, e.Message);
        }
    }
}
