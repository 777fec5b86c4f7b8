using System.Text.Json.Nodes;

namespace KubeFlex.Cli.Diagnosis;

/// <summary>What a check found.</summary>
/// <param name="Check">What was looked at.</param>
/// <param name="Status">ok, warning (it works, but) or critical (it does not work).</param>
/// <param name="Message">What is so.</param>
/// <param name="Advice">What to do about it, or null.</param>
internal sealed record Finding(string Check, string Status, string Message, string? Advice = null)
{
    public const string IsOk = "ok";
    public const string IsWarning = "warning";
    public const string IsCritical = "critical";

    public static Finding Ok(string check, string message) => new(check, IsOk, message);

    public static Finding Warning(string check, string message, string advice) => new(check, IsWarning, message, advice);

    public static Finding Critical(string check, string message, string? advice) => new(check, IsCritical, message, advice);

    /// <summary>The worst of all.</summary>
    public static string Worst(IEnumerable<Finding> findings)
    {
        var statuses = findings.Select(f => f.Status).ToHashSet(StringComparer.Ordinal);
        return statuses.Contains(IsCritical) ? IsCritical : statuses.Contains(IsWarning) ? IsWarning : IsOk;
    }

    public JsonObject ToJson() => new() { ["check"] = Check, ["status"] = Status, ["message"] = Message, ["advice"] = Advice };
}
