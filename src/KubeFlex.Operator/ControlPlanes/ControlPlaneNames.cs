using System.Text.RegularExpressions;
using KubeFlex.Operator.Hosting;

namespace KubeFlex.Operator.ControlPlanes;

/// <summary>
/// Names that a control plane cannot have. The CRD has the same rules (x-kubernetes-validations at its root); not every hosting API evaluates them, so the
/// operator checks too and says so in a condition.
/// </summary>
internal static partial class ControlPlaneNames
{
    /// <summary>RFC 1123: a label has at most 63 characters.</summary>
    private const int LongestLabel = 63;

    /// <summary>Why the name is refused, with the way out; null when it is fine.</summary>
    public static string? Refusal(string name) => name switch
    {
        "kube" or "kubeflex" or "default" => $"metadata.name: \"{name}\" is reserved, because namespace \"{Names.Namespace(name)}\" belongs to the system; create it under another name",
        "postgres" => "metadata.name: \"postgres\" is reserved, because the datastore's own database has that name; create it under another name",
        "host" => "metadata.name: \"host\" is reserved for the hosting control plane; create it under another name",
        _ when !Label().IsMatch(name) =>
            $"metadata.name: \"{name}\" must consist of lower case letters, digits and '-', and begin and end with a letter or digit, because it becomes part of host names; create it under another name",
        _ when Names.Namespace(name).Length > LongestLabel =>
            $"metadata.name: \"{name}\" is too long: its namespace \"{Names.Namespace(name)}\" would have {Names.Namespace(name).Length} characters and {LongestLabel} is the limit; create it under a name of at most {LongestLabel - Names.Namespace("").Length} characters",
        _ => null,
    };

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex Label();
}
