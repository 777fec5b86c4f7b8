using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;

namespace KubeFlex.Operator.Types.K8s;

/// <summary>Which authorities sign and which are trusted. Between two steps lies time for people and pods to fetch the kubeconfig again.</summary>
internal enum CaStep
{
    /// <summary>One authority.</summary>
    Done,
    /// <summary>A second authority is trusted beside the one that signs.</summary>
    Trust,
    /// <summary>The second one signs; the first is still trusted.</summary>
    Switch,
}

/// <summary>
/// Where the rotation of a control plane's authority is. With an overlap of a day and the annotation <c>rotate-ca: "1"</c> set on Monday at noon:
/// <code>
/// Monday  12:00   Trust    ca.crt = old new   signed by old    kubeconfigs trust both
/// Tuesday 12:00   Switch   ca.crt = new old   signed by new    kubeconfigs and serving certificate are the new one's; old client certificates still count
/// Wednesday 12:00 Done     ca.crt = new       signed by new    what the old one signed is worthless
/// </code>
/// An overlap of "0s" goes through all three at once: for an authority whose key is known to strangers.
/// </summary>
/// <param name="Request">The value of the annotation that was last taken up.</param>
/// <param name="Step">The step.</param>
/// <param name="Since">When the step began.</param>
internal sealed partial record CaRotation(string Request, CaStep Step, DateTimeOffset Since)
{
    /// <summary>Longest life of a leaf is a year: an authority with less ahead could not give it.</summary>
    private static readonly TimeSpan LastYear = TimeSpan.FromDays(365);

    private static readonly TimeSpan DefaultOverlap = TimeSpan.FromHours(24);

    /// <summary>What the secret's annotations say.</summary>
    public static CaRotation Of(JsonObject? secret)
    {
        var annotations = secret?["metadata"]?["annotations"];
        return new CaRotation((string?)annotations?[Names.RotateCaAnnotation] ?? "",
            Enum.TryParse<CaStep>((string?)annotations?[Names.RotateCaStepAnnotation], out var step) ? step : CaStep.Done,
            HostingCluster.ParseTime((string?)annotations?[Names.RotateCaSinceAnnotation]) ?? DateTimeOffset.MinValue);
    }

    /// <summary>For an authority just made: whatever is asked for, it is as new as can be.</summary>
    public static CaRotation Fresh(ControlPlane cp) => new(Asked(cp), CaStep.Done, DateTimeOffset.MinValue);

    /// <summary>The next step if it is due, else null.</summary>
    /// <param name="cp">The control plane.</param>
    /// <param name="caNotAfter">End of the authority that signs, if known.</param>
    /// <param name="now">The time.</param>
    public CaRotation? Next(ControlPlane cp, DateTimeOffset? caNotAfter, DateTimeOffset now) => Step switch
    {
        CaStep.Done when Asked(cp) is { Length: > 0 } asked && asked != Request => new CaRotation(asked, CaStep.Trust, now),
        CaStep.Done when caNotAfter - LastYear <= now => this with { Step = CaStep.Trust, Since = now },
        CaStep.Trust when Since + Overlap(cp) <= now => this with { Step = CaStep.Switch, Since = now },
        CaStep.Switch when Since + Overlap(cp) <= now => this with { Step = CaStep.Done, Since = now },
        _ => null,
    };

    /// <summary>When the next step comes by itself, or null.</summary>
    public DateTimeOffset? Due(ControlPlane cp, DateTimeOffset? caNotAfter) => Step == CaStep.Done ? caNotAfter - LastYear : Since + Overlap(cp);

    public Dictionary<string, string> Annotations() => Request.Length == 0 && Since == DateTimeOffset.MinValue ? [] : new Dictionary<string, string>
    {
        [Names.RotateCaAnnotation] = Request,
        [Names.RotateCaStepAnnotation] = Step.ToString(),
        [Names.RotateCaSinceAnnotation] = HostingCluster.Timestamp(Since),
    };

    /// <summary>For people: what this step means.</summary>
    public string Describe(ControlPlane cp) => Step switch
    {
        CaStep.Trust => $"a new certificate authority is trusted beside the present one, and signs from {HostingCluster.Timestamp(Since + Overlap(cp))}; fetch kubeconfigs again before that",
        CaStep.Switch => $"the new certificate authority signs; the former one is trusted until {HostingCluster.Timestamp(Since + Overlap(cp))}",
        _ => "the former certificate authority is no longer trusted",
    };

    /// <summary>Why the annotations of the control plane cannot be followed, or null.</summary>
    public static string? Refusal(ControlPlane cp) => cp.Annotation(Names.RotateCaOverlapAnnotation) is { } text && ParseDuration(text) is null
        ? $"metadata.annotations[{Names.RotateCaOverlapAnnotation}]: \"{text}\" is not a duration such as \"24h\", \"30m\" or \"0s\"" : null;

    // "false" is what people write to take a wish back.
    private static string Asked(ControlPlane cp) => cp.Annotation(Names.RotateCaAnnotation) is { } asked && asked != "false" ? asked : "";

    private static TimeSpan Overlap(ControlPlane cp) => cp.Annotation(Names.RotateCaOverlapAnnotation) is { } text ? ParseDuration(text) ?? DefaultOverlap : DefaultOverlap;

    private static TimeSpan? ParseDuration(string text)
    {
        if (text.Length == 0 || Duration().Match(text) is not { Success: true } match) return null;
        double Of(string unit) => match.Groups[unit] is { Success: true } group ? double.Parse(group.Value, CultureInfo.InvariantCulture) : 0;
        return TimeSpan.FromSeconds(Of("h") * 3600 + Of("m") * 60 + Of("s"));
    }

    [GeneratedRegex("^((?<h>[0-9]{1,5})h)?((?<m>[0-9]{1,6})m)?((?<s>[0-9]{1,8})s)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Duration();
}
