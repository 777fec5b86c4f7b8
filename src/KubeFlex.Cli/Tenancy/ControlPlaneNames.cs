using System.Text.RegularExpressions;

namespace KubeFlex.Cli.Tenancy;

/// <summary>Which names control planes may have, checked before the server is asked so that the rule can be explained.</summary>
internal static partial class ControlPlaneNames
{
    // The namespace is NAME-system and a namespace has at most 63 characters (DNS-1123 label).
    private const int MaxLength = 63 - 7;

    // NAME-system would be one of Kubernetes' or KubeFlex's own namespaces, the database one of PostgreSQL's own, or the store that of the hosting control plane.
    private static readonly string[] Reserved = ["kube", "kubeflex", "postgres", "default", "host"];

    public static readonly string[] Types = ["k8s", "vcluster", "k3s", "host", "external", "ocm"];

    public static readonly string[] Runtimes = ["InProcess", "Pods", "Process"];

    /// <summary>The runtime as the API spells it, however the user did.</summary>
    public static string Runtime(string given) => Runtimes.FirstOrDefault(r => r.Equals(given, StringComparison.OrdinalIgnoreCase))
        ?? throw new CliException($"there is no runtime \"{given}\"", ExitCodes.Usage, $"The runtimes are: {string.Join(", ", Runtimes)}");

    public static void Check(string name)
    {
        if (name.Length > MaxLength)
            throw new CliException($"the name \"{name}\" is too long", ExitCodes.Usage, $"A control plane's name has at most {MaxLength} characters: its namespace is NAME-system.");
        if (!Label().IsMatch(name))
            throw new CliException($"the name \"{name}\" is not valid", ExitCodes.Usage,
                "A control plane's name consists of lower-case letters, digits and '-', and starts and ends with a letter or digit (a DNS-1123 label). For example: team-a");
        if (Reserved.Contains(name))
            throw new CliException($"the name \"{name}\" is reserved", ExitCodes.Usage, $"These names are KubeFlex's or Kubernetes' own: {string.Join(", ", Reserved)}. Choose another one.");
    }

    public static void CheckType(string type)
    {
        if (!Types.Contains(type))
            throw new CliException($"there is no control plane type \"{type}\"", ExitCodes.Usage, $"The types are: {string.Join(", ", Types)}");
    }

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex Label();
}
