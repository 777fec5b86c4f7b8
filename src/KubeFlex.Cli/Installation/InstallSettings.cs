using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;

namespace KubeFlex.Cli.Installation;

/// <summary>What the ConfigMap <c>kubeflex-config</c> says.</summary>
internal sealed record InstallSettings(string Domain, int ExternalPort, string HostContainer, bool IsOpenShift)
{
    public const string StandardDomain = "localtest.me";
    public const int StandardPort = 9443;
    public const string StandardContainer = "kubeflex-control-plane";

    /// <summary>What was given; else what an earlier installation says, so that nothing has to be said twice; else the standard.</summary>
    public static InstallSettings From(string? domain, int? port, string? container, JsonObject? existing, bool isOpenShift)
    {
        var data = existing?["data"];
        string Old(string key, string standard) => ControlPlaneView.Text(data?[key]) is { Length: > 0 } value ? value : standard;
        var oldPort = int.TryParse(Old("externalPort", ""), System.Globalization.CultureInfo.InvariantCulture, out var parsed) && parsed is > 0 and < 65536 ? parsed : StandardPort;
        return new(domain ?? Old("domain", StandardDomain), port ?? oldPort, container ?? Old("hostContainer", StandardContainer), isOpenShift);
    }

    public JsonObject Data() => new()
    {
        ["domain"] = Domain,
        ["externalPort"] = ExternalPort.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["hostContainer"] = HostContainer,
        ["isOpenShift"] = IsOpenShift ? "true" : "false",
    };
}
