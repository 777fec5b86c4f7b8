using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Cli.Logs;

/// <summary>Logs of a control plane's pods.</summary>
internal sealed class PodLogs(CliSession session, KubeClient hosting, ControlPlaneView view)
{
    // What runs a control plane, as its pods are named; other pods in the namespace are hooks' and tenants' workloads.
    public static readonly string[] Components = ["kube-apiserver", "kube-controller-manager", "vcluster", "k3s-server", "multicluster-controlplane", "etcd"];
    private static readonly ResourceRef Pods = new("", "v1", "pods");

    public static async Task<List<JsonObject>> FindAsync(KubeClient hosting, ControlPlaneView view, string? component, CancellationToken cancellation)
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
        string[] wanted = component is null ? Components : [component];
        // kube-apiserver-6c9d..., vcluster-0; and vcluster's synced tenants' pods are NAME-x-NAMESPACE-x-vcluster.
        return [.. (list["items"] as JsonArray ?? []).OfType<JsonObject>().Where(p => ControlPlaneView.Text(p["metadata"]?["name"]) is var pod
            && !pod.EndsWith("-x-vcluster", StringComparison.Ordinal) && wanted.Any(w => pod == w || pod.StartsWith(w + "-", StringComparison.Ordinal)))];
    }

    public async Task<int> WriteAsync(List<JsonObject> pods, LogWish wish, CancellationToken cancellation)
    {
        var containers = pods.SelectMany(p => (p["spec"]?["containers"] as JsonArray ?? []).Select(c => (Pod: ControlPlaneView.Text(p["metadata"]?["name"]), Container: ControlPlaneView.Text(c?["name"])))).ToList();
        var failed = 0;
        if (wish.Follow)
        {
            // Side by side; lines stay whole.
            var whole = TextWriter.Synchronized(session.Host.Out);
            await Task.WhenAll(containers.Select(c => WriteOneAsync(c.Pod, c.Container, whole)));
        }
        else
        {
            foreach (var (pod, container) in containers) await WriteOneAsync(pod, container, session.Host.Out);
        }
        return failed == containers.Count ? ExitCodes.Failed : ExitCodes.Ok;

        async Task WriteOneAsync(string pod, string container, TextWriter to)
        {
            var path = $"{Pods.In(view.Namespace).Named(pod).Sub("log").Path}?container={Uri.EscapeDataString(container)}{(wish.Tail > 0 ? $"&tailLines={wish.Tail}" : "")}{(wish.Follow ? "&follow=true" : "")}";
            var lead = containers.Count > 1 ? $"[{pod}/{container}] " : "";
            try
            {
                await foreach (var line in hosting.ReadLinesAsync(path, cancellation))
                {
                    if (line.Length > 0) await to.WriteLineAsync(lead + line);
                }
            }
            catch (KubeApiException e) when (e.Code is 400 or 404)
            {
                // Not started yet, or gone since the list.
                session.Talk.Warn($"{pod}/{container}: {e.Message}");
                Interlocked.Increment(ref failed);
            }
        }
    }
}
