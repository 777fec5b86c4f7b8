using System.Net.Http;
using System.Text.Json.Nodes;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Cli.Tenancy;

/// <summary>Waits for an object by watching it: reacts to the event, does not poll.</summary>
internal static class ObjectWait
{
    private const int MaxFailures = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// Shows each state of the object (null: it is not there) to <paramref name="done"/> until that says yes. A watch that ends is begun
    /// again; a server that is away for a moment (a restart) is waited for.
    /// </summary>
    public static async Task<JsonObject?> UntilAsync(KubeClient client, ResourceRef resource, Func<JsonObject?, bool> done, TimeProvider time, CancellationToken cancellation)
    {
        var collection = resource with { Name = null };
        var selector = $"fieldSelector=metadata.name%3D{resource.Name}";
        for (var failures = 0; ; await Task.Delay(Pause, time, cancellation))
        {
            try
            {
                var list = await client.ListAsync(collection, selector, cancellation);
                var current = (list["items"] as JsonArray)?.OfType<JsonObject>().FirstOrDefault();
                if (done(current)) return current;
                failures = 0;
                var version = ControlPlaneView.Text(list["metadata"]?["resourceVersion"]);
                await foreach (var change in client.WatchAsync(collection, $"{selector}&resourceVersion={version}", cancellation))
                {
                    if (change.Type == "BOOKMARK") continue;
                    current = change.Type == "DELETED" ? null : change.Object;
                    if (done(current)) return current;
                }
            }
            catch (KubeApiException e) when (e.IsExpired || (e.IsTransient && ++failures < MaxFailures))
            {
                // Begin again with a list.
            }
            catch (Exception e) when (e is HttpRequestException or IOException && ++failures < MaxFailures)
            {
                // The server restarts, perhaps.
            }
        }
    }
}
