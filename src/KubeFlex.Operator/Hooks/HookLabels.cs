using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;

namespace KubeFlex.Operator.Hooks;

/// <summary>Labels of hooks are copied to the control planes that name them.</summary>
internal sealed class HookLabels(HostingCluster hosting)
{
    /// <summary>Labels of the hooks that are known and that the control plane must bear.</summary>
    public JsonObject Missing(ControlPlane cp)
    {
        var missing = new JsonObject();
        foreach (var hook in cp.Hooks)
        {
            foreach (var (key, value) in hosting.Hooks.Get(null, hook.Name)?["metadata"]?["labels"] as JsonObject ?? [])
            {
                if ((string?)cp.Object["metadata"]?["labels"]?[key] != (string?)value) missing[key] = value?.DeepClone();
            }
        }
        return missing;
    }
}
