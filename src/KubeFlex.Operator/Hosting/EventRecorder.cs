using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Runtime.Client;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Operator.Hosting;

/// <summary>Writes events about control planes; they live in namespace default, as all events about cluster-scoped objects do.</summary>
internal sealed partial class EventRecorder(HostingCluster hosting, ILogger log)
{
    private int written;

    /// <summary>Writes one event. A failure is only logged: events are talk, not state.</summary>
    public async Task RecordAsync(ControlPlane cp, string type, string reason, string message, CancellationToken cancellation)
    {
        var now = hosting.Time.GetUtcNow();
        var stamp = HostingCluster.Timestamp(now);
        // Nanoseconds, as client-go has them; a clock has no more than ticks, and two events may come within one.
        var suffix = ((now - DateTimeOffset.UnixEpoch).Ticks * 100 + (uint)Interlocked.Increment(ref written) % 100).ToString("x", CultureInfo.InvariantCulture);
        var e = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject { ["name"] = $"{cp.Name}.{suffix}", ["namespace"] = "default" },
            ["involvedObject"] = new JsonObject
            {
                ["apiVersion"] = Names.ApiVersion,
                ["kind"] = "ControlPlane",
                ["name"] = cp.Name,
                ["uid"] = cp.Uid,
                ["resourceVersion"] = cp.ResourceVersion,
            },
            ["type"] = type,
            ["reason"] = reason,
            // The API takes 1,024 characters.
            ["message"] = message.Length <= 1024 ? message : message[..1021] + "...",
            ["source"] = new JsonObject { ["component"] = Names.EventSource },
            ["reportingComponent"] = Names.EventSource,
            ["reportingInstance"] = "",
            ["firstTimestamp"] = stamp,
            ["lastTimestamp"] = stamp,
            ["count"] = 1,
        };
        try
        {
            await hosting.Client.CreateAsync(Resources.Events.In("default"), e, cancellation);
        }
        catch (Exception failure) when (failure is KubeApiException or HttpRequestException)
        {
            Lost(cp.Name, reason, failure.Message);
        }
    }

    [LoggerMessage(200, LogLevel.Debug, "event {Reason} about control plane {Name} is lost: {Why}")]
    private partial void Lost(string name, string reason, string why);
}
