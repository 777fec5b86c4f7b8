using System.Collections.Concurrent;
using System.Text;
using KubeFlex.Runtime.Client;
using KubeFlex.Server.Backup;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.Server.Sharing;

/// <summary>
/// What servers have each other do with control planes: the words of <see cref="PeerHeaders.Task"/>. The answer is what was asked for, nothing, or a
/// sentence that says why not.
/// </summary>
internal sealed class PeerTasks(ControlPlaneHost host, Datastore datastore, IPlaceRecords records, TimeProvider time)
{
    /// <summary>Open what nobody has, so that its controllers run.</summary>
    public const string Open = "open";

    /// <summary>Does it answer?</summary>
    public const string Check = "check";

    /// <summary>Hand it over: whoever asks has something to do with it.</summary>
    public const string Close = "close";

    /// <summary>The record that says where its store is; for the server with the hosting control plane.</summary>
    public const string Place = "place";

    private const string EnsurePrefix = "ensure ";

    /// <summary>Long enough for the server that asked.</summary>
    private static readonly TimeSpan HandOver = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, long> handedOver = new(StringComparer.Ordinal);

    /// <summary>Make it and serve it as it stands in the hosting control plane now.</summary>
    public static string Ensure(string backend) => EnsurePrefix + backend;

    /// <summary>It was handed over a moment ago: clients who come back at once must not make this server take it again.</summary>
    public bool IsHandedOver(string name)
    {
        if (!handedOver.TryGetValue(name, out var since)) return false;
        if (time.GetElapsedTime(since) < HandOver) return true;
        handedOver.TryRemove(name, out _);
        return false;
    }

    public async Task HandleAsync(HttpContext http, string name, string task)
    {
        var (status, body) = await DoAsync(name, task, http.RequestAborted);
        (http.Response.StatusCode, http.Response.ContentLength) = (status, body.Length);
        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }

    private async Task<(int Status, byte[] Body)> DoAsync(string name, string task, CancellationToken cancellation)
    {
        try
        {
            switch (task)
            {
                case Open:
                    if (host.Find(name) is null && !IsHandedOver(name)) await host.GetAsync(name, cancellation);
                    return (200, []);
                case Check:
                    return await host.CheckAsync(name, cancellation) is { } wrong ? Refused(wrong) : (200, []);
                case Close:
                    handedOver[name] = time.GetTimestamp();
                    await host.CloseAsync(name, cancellation);
                    await datastore.ReleaseStoreAsync(name, cancellation);
                    return (200, []);
                case Place:
                    // Its own store, and not what a third server says.
                    return (200, (await records.Store.ViewAsync(cancellation)).Get(Places.Key(name))?.Value ?? []);
                case var _ when task.StartsWith(EnsurePrefix, StringComparison.Ordinal):
                    await host.EnsureAsync(name, task[EnsurePrefix.Length..], cancellation);
                    return (200, []);
                default:
                    return (400, Encoding.UTF8.GetBytes("this server does not know what is asked of it: all servers on a database must be of one version"));
            }
        }
        // Another server has it: for a control plane that shall be open, that is as good.
        catch (StorageException e) when (task == Open && e.Failure == StorageFailure.NotOwner)
        {
            return (200, []);
        }
        catch (Exception e) when (e is StorageException or KubeApiException or HttpRequestException or IOException or InvalidOperationException)
        {
            return Refused(e.Message);
        }
    }

    private static (int, byte[]) Refused(string why) => (503, Encoding.UTF8.GetBytes(why));
}
