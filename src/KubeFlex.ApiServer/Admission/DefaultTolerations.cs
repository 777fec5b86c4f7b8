using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Admission;

/// <summary>Pods stay five minutes on a node that is not ready or not reachable (<c>DefaultTolerationSeconds</c>).</summary>
internal sealed class DefaultTolerations : IAdmissionPlugin
{
    public ValueTask<ApiError?> AdmitAsync(Change change, CancellationToken cancellation)
    {
        if (change.Is("", "pods") && change.Operation == "create" && change.Object.Child("spec") is { } spec)
        {
            Add(spec, "node.kubernetes.io/not-ready");
            Add(spec, "node.kubernetes.io/unreachable");
        }
        return default;
    }

    private static void Add(JsonObject spec, string key)
    {
        var tolerations = spec.List("tolerations");
        if (tolerations.Objects().Any(t => t.Text("key") is var k && (k == key || k.Length == 0) && (t.Text("effect") is "NoExecute" or ""))) return;
        if (tolerations is null) spec["tolerations"] = tolerations = [];
        tolerations.Add(new JsonObject { ["key"] = key, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = 300 });
    }
}
