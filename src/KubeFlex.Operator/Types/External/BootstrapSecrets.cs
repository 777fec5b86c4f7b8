using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Types.External;

/// <summary>Reads the secret that <c>spec.bootstrapSecretRef</c> names, and deletes it when it has served.</summary>
internal sealed class BootstrapSecrets(HostingCluster hosting)
{
    /// <summary>The secret, or null when there is none (any more).</summary>
    public async Task<JsonObject?> FindAsync(ControlPlane cp, CancellationToken cancellation) => cp.BootstrapSecret is { } reference
        ? await hosting.Client.FindAsync(Resources.Secrets.In(reference.Namespace).Named(reference.Name), cancellation) : null;

    /// <summary>The kubeconfig in it. Fails when the key is missing.</summary>
    public string Kubeconfig(ControlPlane cp, JsonObject secret)
    {
        var reference = cp.BootstrapSecret!;
        if (ManagedSecrets.Values(secret).GetValueOrDefault(reference.Key) is { Length: > 0 } text) return text;
        var keys = (secret["data"] as JsonObject ?? []).Select(d => $"\"{d.Key}\"").ToList();
        throw new ReconcileFailure($"spec.bootstrapSecretRef.inClusterKey: {Describe(cp)} has no kubeconfig under key \"{reference.Key}\"; it has {(keys.Count == 0 ? "no keys" : string.Join(", ", keys))}")
            { Unavailable = true };
    }

    /// <summary>The kubeconfig, or null when secret or key are missing.</summary>
    public async Task<string?> TryKubeconfigAsync(ControlPlane cp, CancellationToken cancellation) =>
        await FindAsync(cp, cancellation) is { } secret && ManagedSecrets.Values(secret).GetValueOrDefault(cp.BootstrapSecret!.Key) is { Length: > 0 } text ? text : null;

    public string Missing(ControlPlane cp) => cp.BootstrapSecret is null
        ? $"spec.bootstrapSecretRef: secret \"{Names.AdminSecret}\" in namespace \"{cp.Namespace}\" is lost, and no bootstrap secret is named to make it anew from"
        : $"spec.bootstrapSecretRef: {Describe(cp)} not found; create it with the kubeconfig of the cluster to adopt under key \"{cp.BootstrapSecret.Key}\"";

    public string Describe(ControlPlane cp) => cp.BootstrapSecret is { } r ? $"secret \"{r.Name}\" in namespace \"{r.Namespace}\"" : "";

    /// <summary>Deletes the secret that was read, but not one that is a control plane's own: then a tenant of ours was adopted.</summary>
    public async Task DeleteAsync(ControlPlane cp, JsonObject secret, CancellationToken cancellation)
    {
        if (ControlPlane.OwnerOf(secret) is not null) return;
        await hosting.Client.DeleteAsync(Resources.Secrets.In(cp.BootstrapSecret!.Namespace).Named(cp.BootstrapSecret.Name), "Background", cancellation, (string?)secret["metadata"]?["uid"]);
    }

    /// <summary>The cluster of the current context, as far as it is data: what the new kubeconfig leads to. Call it on text that a client was made from.</summary>
    public static JsonObject Cluster(string kubeconfig)
    {
        var root = ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(kubeconfig)).Value.Object;
        JsonObject? Entry(string section, string? name, string inner) =>
            (root[section] as JsonArray ?? []).OfType<JsonObject>().FirstOrDefault(e => (string?)e["name"] == name)?[inner] as JsonObject;
        var context = Entry("contexts", (string?)root["current-context"], "context");
        var cluster = Entry("clusters", (string?)context?["cluster"], "cluster") ?? [];
        var kept = new JsonObject();
        foreach (var key in (string[])["server", "tls-server-name", "certificate-authority-data"])
        {
            if (cluster[key] is { } value) kept[key] = value.DeepClone();
        }
        return kept;
    }
}
