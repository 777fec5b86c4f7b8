using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Admission;

/// <summary>Gives pods a service account and the volume through which they reach the API.</summary>
internal sealed class ServiceAccountAdmission : IAdmissionPlugin
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

    // Upstream asks for 3607 seconds, so that its own tokens can be told apart.
    private const int TokenSeconds = 3607;

    // A new namespace gets its default account from a controller: upstream, too, looks ten times before it gives up.
    private const int Attempts = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public async ValueTask<ApiError?> AdmitAsync(Change change, CancellationToken cancellation)
    {
        if (change.Operation != "create" || !change.Is("", "pods") || change.Object.Child("spec") is not { } spec) return null;
        // Static pods mirrored by kubelets have no account.
        if (Meta.Of(change.Object).Child("annotations").Has("kubernetes.io/config.mirror")) return null;
        if (spec.Text("serviceAccountName").Length == 0) spec["serviceAccountName"] = spec.Text("serviceAccount") is { Length: > 0 } old ? old : "default";
        var name = spec.Text("serviceAccountName");
        spec["serviceAccount"] = name;

        var key = change.Plane.BuiltIn("", "v1", "serviceaccounts").Key(change.Namespace, name);
        var found = change.View.Get(key);
        for (var attempt = 1; found is null && name == "default" && attempt < Attempts; attempt++)
        {
            await Task.Delay(Pause, change.Plane.Shared.Time, cancellation);
            found = (await change.Plane.Store.ViewAsync(cancellation)).Get(key);
        }
        if (found is null)
            return ApiError.Forbidden(change.Entry.Info.GroupResource, change.Name, $"error looking up service account {change.Namespace}/{name}: serviceaccount \"{name}\" not found");
        var account = ObjectBytes.Parse(found.Value);
        if (spec.List("imagePullSecrets") is not { Count: > 0 } && account.List("imagePullSecrets") is { Count: > 0 } secrets) spec["imagePullSecrets"] = secrets.DeepClone();
        if (spec.Flag("automountServiceAccountToken") ?? account.Flag("automountServiceAccountToken") ?? true) Mount(spec);
        return null;
    }

    private static void Mount(JsonObject spec)
    {
        var name = spec.List("volumes").Objects().Select(v => v.Text("name")).FirstOrDefault(n => n.StartsWith("kube-api-access-", StringComparison.Ordinal));
        var volume = name ?? "kube-api-access-" + NameGenerator.Suffix();
        var mounted = false;
        foreach (var containers in new[] { "initContainers", "containers" })
        {
            foreach (var container in spec.List(containers).Objects())
            {
                var mounts = container.List("volumeMounts");
                if (mounts.Objects().Any(m => m.Text("mountPath") == MountPath)) continue;
                if (mounts is null) container["volumeMounts"] = mounts = [];
                mounts.Add(new JsonObject { ["name"] = volume, ["readOnly"] = true, ["mountPath"] = MountPath });
                mounted = true;
            }
        }
        if (!mounted || name is not null) return;
        if (spec.List("volumes") is not { } volumes) spec["volumes"] = volumes = [];
        volumes.Add(Volume(volume));
    }

    private static JsonObject Volume(string name) => new()
    {
        ["name"] = name,
        ["projected"] = new JsonObject
        {
            ["sources"] = new JsonArray(
                new JsonObject { ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = TokenSeconds, ["path"] = "token" } },
                new JsonObject { ["configMap"] = new JsonObject { ["name"] = "kube-root-ca.crt", ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }) } },
                new JsonObject
                {
                    ["downwardAPI"] = new JsonObject
                    {
                        ["items"] = new JsonArray(new JsonObject { ["path"] = "namespace", ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" } }),
                    },
                }),
            ["defaultMode"] = 420,
        },
    };
}
