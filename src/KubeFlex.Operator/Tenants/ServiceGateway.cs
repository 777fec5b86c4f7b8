using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Operator.Tenants;

/// <summary>Changes a kubeconfig whose server is a Service of the hosting cluster so that it leads to a gateway; the Service's name stays the one to verify.</summary>
internal static class ServiceGateway
{
    // Of "https://<service>.<name>-system", ".svc" and ".svc.cluster.local"; no host of the world outside ends so.
    private static readonly string[] Suffixes = ["-system", ".svc", ".svc.cluster.local"];

    public static string Lead(string kubeconfig, string gateway)
    {
        if (!ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(kubeconfig)).TryGet(out var parsed, out _)) return kubeconfig;
        var changed = false;
        foreach (var cluster in (parsed.Object["clusters"] as JsonArray ?? []).Select(c => c?["cluster"]).OfType<JsonObject>())
        {
            if (cluster["server"] is not JsonValue server || !Uri.TryCreate(server.ToString(), UriKind.Absolute, out var url)) continue;
            if (!Suffixes.Any(s => url.Host.EndsWith(s, StringComparison.OrdinalIgnoreCase))) continue;
            cluster["tls-server-name"] ??= url.Host;
            cluster["server"] = $"{url.Scheme}://{gateway}{url.AbsolutePath.TrimEnd('/')}";
            changed = true;
        }
        return changed ? YamlWriter.Write(parsed.Object) : kubeconfig;
    }
}
