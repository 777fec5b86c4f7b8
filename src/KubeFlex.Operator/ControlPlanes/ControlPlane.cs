using System.Text.Json.Nodes;
using KubeFlex.Operator.Hosting;

namespace KubeFlex.Operator.ControlPlanes;

/// <summary>A hook that a control plane asks for, with the variables given there.</summary>
internal sealed record HookReference(string Name, IReadOnlyDictionary<string, string> Variables);

/// <summary>Where a control plane's kubeconfig is: <c>status.secretRef</c>. No key means that there is none for outside the cluster.</summary>
internal sealed record SecretReference(string Namespace, string Name, string? Key, string InClusterKey);

/// <summary>Where the kubeconfig of a cluster to adopt is: <c>spec.bootstrapSecretRef</c>.</summary>
internal sealed record BootstrapReference(string Namespace, string Name, string Key);

/// <summary>Reads a ControlPlane object, which stays as it is.</summary>
internal sealed class ControlPlane(JsonObject obj)
{
    public JsonObject Object => obj;

    public string Name => (string?)obj["metadata"]?["name"] ?? "";

    public string Uid => (string?)obj["metadata"]?["uid"] ?? "";

    public string ResourceVersion => (string?)obj["metadata"]?["resourceVersion"] ?? "";

    public long Generation => obj["metadata"]?["generation"] is JsonValue v && long.TryParse(v.ToString(), out var g) ? g : 0;

    /// <summary>The namespace of the hosting cluster that belongs to it.</summary>
    public string Namespace => Names.Namespace(Name);

    public bool IsDeleting => obj["metadata"]?["deletionTimestamp"] is not null;

    public IReadOnlyList<string> Finalizers => [.. (obj["metadata"]?["finalizers"] as JsonArray ?? []).Select(f => (string?)f ?? "")];

    public bool HasFinalizer => Finalizers.Contains(Names.Finalizer);

    public string Type => Text("type") ?? "";

    public string? Runtime => Text("runtime");

    /// <summary>Shared unless asked otherwise, as the command line's default.</summary>
    public string Backend => Text("backend") ?? "shared";

    /// <summary>Kubernetes version without a leading v, or null for the default.</summary>
    public string? Version => Text("version") is { Length: > 0 } version ? version.TrimStart('v') : null;

    public bool HasReplicas => obj["spec"]?["replicas"] is not null;

    public long Replicas => obj["spec"]?["replicas"] is JsonValue v && long.TryParse(v.ToString(), out var replicas) ? replicas : 1;

    /// <summary>Requests and limits of the main container, or null for the defaults.</summary>
    public JsonObject? Resources => obj["spec"]?["resources"] as JsonObject is { Count: > 0 } resources ? resources : null;

    /// <summary>Further names and IP addresses of the serving certificate.</summary>
    public IReadOnlyList<string> ExtraSans => [.. (obj["spec"]?["extraSANs"] as JsonArray ?? []).Select(s => s?.ToString() ?? "")];

    public bool IsPaused => obj["spec"]?["paused"] is JsonValue v && v.TryGetValue<bool>(out var paused) && paused;

    /// <summary>For type external: the secret with the kubeconfig of the cluster to adopt.</summary>
    public BootstrapReference? BootstrapSecret => obj["spec"]?["bootstrapSecretRef"] is JsonObject r
        && (string?)r["namespace"] is { Length: > 0 } ns && (string?)r["name"] is { Length: > 0 } name
            ? new BootstrapReference(ns, name, (string?)r["inClusterKey"] is { Length: > 0 } key ? key : Names.InClusterKey) : null;

    /// <summary>For type external: life of the token. A year when left out, as the schema has it.</summary>
    public long TokenExpirationSeconds => obj["spec"]?["tokenExpirationSeconds"] is JsonValue v && long.TryParse(v.ToString(), out var seconds) ? seconds : 31_536_000;

    public string? Annotation(string name) => (string?)obj["metadata"]?["annotations"]?[name];

    public DateTimeOffset? DeletionTime => HostingCluster.ParseTime((string?)obj["metadata"]?["deletionTimestamp"]);

    public bool IsReady => (string?)Conditions.Of(Status).Find("Ready")?["status"] == "True";

    public bool WaitForHooks => obj["spec"]?["waitForPostCreateHooks"] is JsonValue v && v.TryGetValue<bool>(out var wait) && wait;

    public IReadOnlyDictionary<string, string> GlobalVariables => Map(obj["spec"]?["globalVars"]);

    public JsonObject? Status => obj["status"] as JsonObject;

    /// <summary>The deprecated single hook first, then the list; a name that stands twice counts once.</summary>
    public IReadOnlyList<HookReference> Hooks
    {
        get
        {
            var hooks = new List<HookReference>();
            if (Text("postCreateHook") is { Length: > 0 } legacy) hooks.Add(new HookReference(legacy, Map(obj["spec"]?["postCreateHookVars"])));
            foreach (var hook in (obj["spec"]?["postCreateHooks"] as JsonArray ?? []).OfType<JsonObject>())
            {
                if ((string?)hook["hookName"] is { Length: > 0 } name && hooks.TrueForAll(h => h.Name != name)) hooks.Add(new HookReference(name, Map(hook["vars"])));
            }
            return hooks;
        }
    }

    /// <summary>A reference that makes a dependent go with this control plane.</summary>
    public JsonObject OwnerReference() => new()
    {
        ["apiVersion"] = Names.ApiVersion,
        ["kind"] = "ControlPlane",
        ["name"] = Name,
        ["uid"] = Uid,
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    };

    /// <summary>Whether the object bears <see cref="OwnerReference"/>.</summary>
    public bool Owns(JsonObject dependent) =>
        (dependent["metadata"]?["ownerReferences"] as JsonArray ?? []).Any(o => Uid.Length > 0 && (string?)o?["uid"] == Uid);

    /// <summary>The name of the control plane that owns the object, or null.</summary>
    public static string? OwnerOf(JsonObject dependent) =>
        (string?)(dependent["metadata"]?["ownerReferences"] as JsonArray ?? [])
            .FirstOrDefault(o => (string?)o?["kind"] == "ControlPlane" && ((string?)o?["apiVersion"] ?? "").StartsWith("tenancy.kflex.kubestellar.org/", StringComparison.Ordinal))
            ?["name"];

    private string? Text(string field) => obj["spec"]?[field] is JsonValue v && v.TryGetValue<string>(out var text) ? text : null;

    private static Dictionary<string, string> Map(JsonNode? node)
    {
        var map = new Dictionary<string, string>();
        foreach (var (key, value) in node as JsonObject ?? []) map[key] = value?.ToString() ?? "";
        return map;
    }
}
