using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubeFlex.Cli.Tenancy;

namespace KubeFlex.Cli.Installation;

/// <summary>What the ConfigMap <c>kubeflex-config</c> says.</summary>
internal sealed partial record InstallSettings(string Domain, int ExternalPort, string HostContainer, bool IsOpenShift)
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

    /// <summary>Refuses what the operator would refuse, in every control plane's condition.</summary>
    public static void Check(string? domain, int? port, string? container)
    {
        if (domain is not null && !IsDnsName(domain)) throw new CliException($"--domain \"{domain}\" is not a DNS name", ExitCodes.Usage, $"Write it like {StandardDomain}, in lower case.");
        if (port is <= 0 or > 65535) throw new CliException($"{port} is not a port", ExitCodes.Usage, "Ports are 1 to 65535.");
        if (container is not null && !IsDnsName(container) && !IPAddress.TryParse(container, out _))
            throw new CliException($"--host-container-name \"{container}\" is not a host name", ExitCodes.Usage, $"Write it like {StandardContainer}, in lower case.");
    }

    private static bool IsDnsName(string name) => name.Length <= 253 && DnsName().IsMatch(name);

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$", RegexOptions.CultureInvariant)]
    private static partial Regex DnsName();

    public JsonObject Data() => new()
    {
        ["domain"] = Domain,
        ["externalPort"] = ExternalPort.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["hostContainer"] = HostContainer,
        ["isOpenShift"] = IsOpenShift ? "true" : "false",
    };
}
