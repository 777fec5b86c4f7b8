using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubeFlex.Machinery.Kinds;
using KubeFlex.Operator.Hosting;

namespace KubeFlex.Operator.ControlPlanes;

/// <summary>
/// The rules of the CRD's schema and of its x-kubernetes-validations, checked again: not every hosting API evaluates them, and what passes here ends up in
/// manifests and certificates. All that is wrong is said at once.
/// </summary>
internal static partial class SpecRules
{
    /// <summary>What cannot change in the life of a control plane, as its namespace remembers it.</summary>
    public static string MadeAs(ControlPlane cp) => $"{cp.Type}/{cp.Runtime}/{cp.Backend}";

    /// <summary>What is wrong with the spec, each with its field; null when nothing is.</summary>
    /// <param name="cp">The control plane.</param>
    /// <param name="ns">Its namespace if there is one.</param>
    public static string? Refusal(ControlPlane cp, JsonObject? ns)
    {
        var errors = new List<string>();
        if (ns is not null && cp.Owns(ns) && (string?)ns["metadata"]?["annotations"]?[Names.MadeAsAnnotation] is { } madeAs) CheckUnchanged(cp, madeAs.Split('/'), errors);
        var runsHere = cp.Type is "k8s" or "vcluster" or "k3s";
        if (cp.Runtime is { } runtime && cp.Type != "k8s" && !(runsHere && runtime == "Pods"))
            errors.Add(runsHere ? $"spec.runtime: type \"{cp.Type}\" runs in \"Pods\" only" : $"spec.runtime: type \"{cp.Type}\" has no runtime; leave it out");
        if (!runsHere)
        {
            foreach (var field in new[] { "version", "replicas", "resources", "extraSANs" })
            {
                if (cp.Object["spec"]?[field] is not null) errors.Add($"spec.{field}: type \"{cp.Type}\" runs nothing that it could apply to; leave it out");
            }
        }
        if (cp.HasReplicas && cp.Replicas is < 1 or > 9) errors.Add($"spec.replicas: {cp.Replicas} is not between 1 and 9");
        if (cp.Replicas > 1 && cp.Type is "vcluster" or "k3s") errors.Add($"spec.replicas: type \"{cp.Type}\" keeps its data in one pod; it has 1 replica");
        if (cp.Version is { } version && !KubernetesVersion().IsMatch(version)) errors.Add($"spec.version: \"{version}\" is not a Kubernetes version such as \"1.35.5\"");
        foreach (var name in cp.ExtraSans.Where(n => !IsServerName(n))) errors.Add($"spec.extraSANs: \"{name}\" is neither a DNS name nor an IP address");
        CheckResources(cp, errors);
        return errors.Count == 0 ? null : string.Join("; ", errors);
    }

    /// <summary>A DNS name (its first label may be *) or an IP address.</summary>
    public static bool IsServerName(string name) => IPAddress.TryParse(name, out _) || (name.Length <= 253 && DnsName().IsMatch(name));

    private static void CheckUnchanged(ControlPlane cp, string[] madeAs, List<string> errors)
    {
        void Check(string field, string? was, string? now)
        {
            if (was != (now ?? "")) errors.Add($"spec.{field}: cannot change from \"{was}\" to \"{now}\"; set it back, or delete the control plane and create it anew");
        }
        if (madeAs.Length != 3) return;
        Check("type", madeAs[0], cp.Type);
        Check("runtime", madeAs[1], cp.Runtime);
        Check("backend", madeAs[2], cp.Backend);
    }

    private static void CheckResources(ControlPlane cp, List<string> errors)
    {
        foreach (var (part, amounts) in cp.Resources ?? [])
        {
            foreach (var (resource, amount) in amounts as JsonObject ?? [])
            {
                if (amount is null || !Quantity.TryParse(amount.ToString(), out var quantity)) errors.Add($"spec.resources.{part}.{resource}: \"{amount}\" is not a quantity: {Quantity.FormatError}");
                else if (quantity.Sign < 0) errors.Add($"spec.resources.{part}.{resource}: must be greater than or equal to 0");
            }
        }
    }

    [GeneratedRegex(@"^1\.[0-9]{1,3}\.[0-9]{1,3}$", RegexOptions.CultureInvariant)]
    private static partial Regex KubernetesVersion();

    [GeneratedRegex(@"^(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$", RegexOptions.CultureInvariant)]
    private static partial Regex DnsName();
}
