using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Objects;

namespace KubeFlex.Operator.Runtimes.Pods;

/// <summary>What the spec and the kind of hosting cluster say about pods.</summary>
internal static class PodSettings
{
    /// <summary>Puts <c>spec.resources</c> in place of the main container's (as a whole: half of each might be more requested than allowed) and OpenShift's demands.</summary>
    public static void Apply(ControlPlane cp, JsonObject pod, JsonObject container, bool openShift)
    {
        if (cp.Resources is { } resources) container["resources"] = resources.DeepClone();
        // OpenShift chooses the user; it only wants to hear that it is not root.
        if (openShift) Manifest.Child(pod, "securityContext")["runAsNonRoot"] = true;
    }
}
