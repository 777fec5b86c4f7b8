using System.Net.Http;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Cli.Logs;

/// <summary>The logs of a control plane's pods, from the hosting cluster.</summary>
internal sealed class PodLogs(CliSession session, KubeClient hosting, ControlPlaneView view, IReadOnlyList<JsonObject> pods) : ILogSource
{
    /// <summary>What runs a control plane, as its pods are named; other pods in the namespace are hooks' and tenants' workloads.</summary>
    public static readonly IReadOnlyList<string> Components = ["kube-apiserver", "kube-controller-manager", "vcluster", "k3s-server", "multicluster-controlplane", "etcd"];

    private static readonly ResourceRef Pods = new("", "v1", "pods");

    // Several containers talk at once when followed; lines stay whole.
    private readonly TextWriter whole = TextWriter.Synchronized(session.Host.Out);

    /// <summary>Its pods; empty when there are none, or no pods at all on that cluster.</summary>
    public static async Task<IReadOnlyList<JsonObject>> FindAsync(KubeClient hosting, ControlPlaneView view, string? component, CancellationToken cancellation)
    {
        JsonObject list;
        try
        {
            list = await hosting.ListAsync(Pods.In(view.Namespace), null, cancellation);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return [];
        }
        var wanted = component is null ? Components : [component];
        // kube-apiserver-6c9d..., vcluster-0; and vcluster's synced tenants' pods are NAME-x-NAMESPACE-x-vcluster.
        return [.. (list["items"] as JsonArray ?? []).OfType<JsonObject>().Where(p => ControlPlaneView.Text(p["metadata"]?["name"]) is var pod
            && !pod.EndsWith("-x-vcluster", StringComparison.Ordinal) && wanted.Any(w => pod == w || pod.StartsWith(w + "-", StringComparison.Ordinal)))];
    }

    public async Task<int> WriteAsync(LogRequest request, CancellationToken cancellation)
    {
        var containers = pods.SelectMany(p => (p["spec"]?["containers"] as JsonArray ?? []).Select(c => (Pod: ControlPlaneView.Text(p["metadata"]?["name"]), Container: ControlPlaneView.Text(c?["name"])))).ToList();
        var many = containers.Count > 1;
        var failed = 0;
        if (request.Follow)
        {
            var all = await Task.WhenAll(containers.Select(c => WriteAsync(c.Pod, c.Container, many, request, cancellation)));
            failed = all.Count(good => !good);
        }
        else
        {
            foreach (var (pod, container) in containers)
                if (!await WriteAsync(pod, container, many, request, cancellation)) failed++;
        }
        return failed == containers.Count ? ExitCodes.Failed : ExitCodes.Ok;
    }

    private async Task<bool> WriteAsync(string pod, string container, bool many, LogRequest request, CancellationToken cancellation)
    {
        var path = $"{Pods.In(view.Namespace).Named(pod).Sub("log").Path}?container={Uri.EscapeDataString(container)}{(request.Tail > 0 ? $"&tailLines={request.Tail}" : "")}{(request.Follow ? "&follow=true" : "")}";
        var lead = many ? $"[{pod}/{container}] " : "";
        try
        {
            await foreach (var line in hosting.ReadLinesAsync(path, cancellation)) await whole.WriteLineAsync(lead + line);
            return true;
        }
        catch (KubeApiException e) when (e.Code is 400 or 404)
        {
            // Not started yet, or gone since the list.
            session.Talk.Warn($"{pod}/{container}: {e.Message}");
            return false;
        }
        catch (Exception e) when (request.Follow && e is (HttpRequestException or IOException))
        {
            session.Talk.Warn($"{pod}/{container}: the connection ended: {e.Message}");
            return false;
        }
    }
}
