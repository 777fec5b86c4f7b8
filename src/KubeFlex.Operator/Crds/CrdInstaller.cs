using System.Text.Json.Nodes;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Crds;

/// <summary>Applies the definitions of <c>deploy/crds</c>, which this assembly carries.</summary>
internal sealed class CrdInstaller(KubeClient client)
{
    private const string Prefix = "crds/";

    /// <summary>The definitions: name and YAML.</summary>
    public static IReadOnlyDictionary<string, byte[]> Definitions()
    {
        var assembly = typeof(CrdInstaller).Assembly;
        var definitions = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(resource)!;
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            definitions[resource[Prefix.Length..^".yaml".Length]] = copy.ToArray();
        }
        return definitions;
    }

    public Task InstallAsync(CancellationToken cancellation) => Task.WhenAll(Definitions().Select(d => InstallAsync(d.Key, d.Value, cancellation)));

    private async Task InstallAsync(string name, byte[] yaml, CancellationToken cancellation)
    {
        var applied = await client.ApplyYamlAsync(Resources.CustomResourceDefinitions.Named(name), yaml, force: true, cancellation);
        while (!IsEstablished(applied))
        {
            var version = (string?)applied["metadata"]?["resourceVersion"];
            await foreach (var e in client.WatchAsync(Resources.CustomResourceDefinitions, $"fieldSelector=metadata.name%3D{name}&resourceVersion={version}&timeoutSeconds=60", cancellation))
            {
                if (e.Type is "ADDED" or "MODIFIED") applied = e.Object;
                if (IsEstablished(applied)) return;
            }
            applied = await client.GetAsync(Resources.CustomResourceDefinitions.Named(name), cancellation);
        }
    }

    private static bool IsEstablished(JsonObject crd) => (crd["status"]?["conditions"] as JsonArray ?? [])
        .Any(c => (string?)c?["type"] == "Established" && (string?)c["status"] == "True");
}
