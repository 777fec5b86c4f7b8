using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;

namespace KubeFlex.Operator.Hosting;

/// <summary>KubeFlex's settings on the hosting cluster: ConfigMap <c>kubeflex-config</c> in <c>kubeflex-system</c>, written by the chart.</summary>
/// <param name="Domain">Control planes are <c>&lt;name&gt;.&lt;domain&gt;</c> from outside.</param>
/// <param name="ExternalPort">Port there.</param>
/// <param name="HostContainer">Name of the container that is a kind cluster's node: a name under which node ports are reached.</param>
/// <param name="IsOpenShift">Whether Routes are used and pods must not choose their user.</param>
internal sealed record SystemConfig(string Domain, int ExternalPort, string HostContainer, bool IsOpenShift)
{
    /// <summary>The chart's values, which stand for what the ConfigMap does not have.</summary>
    public static readonly SystemConfig Default = new("localtest.me", 9443, "kubeflex-control-plane", false);

    /// <summary>URL for clients outside the hosting cluster.</summary>
    public string ExternalUrl(string host) => string.Create(CultureInfo.InvariantCulture, $"https://{host}:{ExternalPort}");

    /// <summary>Host name for clients outside the hosting cluster.</summary>
    public string HostOf(ControlPlane cp) => $"{cp.Name}.{Domain}";

    /// <summary>The settings as the cache has them. Fails naming every key that cannot be read; the ConfigMap is watched.</summary>
    public static SystemConfig Read(HostingCluster hosting)
    {
        var data = hosting.SystemConfig.Get(Names.SystemNamespace, Names.SystemConfig)?["data"] as JsonObject ?? [];
        var errors = new List<string>();
        string? Value(string key) => data[key]?.ToString() is { Length: > 0 } text ? text.Trim() : null;
        void Wrong(string key, string what) => errors.Add($"key \"{key}\": \"{Value(key)}\" is not {what}");

        if (Value("domain") is { } domain && (!SpecRules.IsServerName(domain) || domain.StartsWith('*'))) Wrong("domain", "a DNS name");
        if (Value("hostContainer") is { } container && !SpecRules.IsServerName(container)) Wrong("hostContainer", "a host name");
        var port = Default.ExternalPort;
        if (Value("externalPort") is { } p && (!int.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535)) Wrong("externalPort", "a port number from 1 to 65535");
        var openShift = Default.IsOpenShift;
        if (Value("isOpenShift") is { } o && !bool.TryParse(o, out openShift)) Wrong("isOpenShift", "\"true\" or \"false\"");
        if (errors.Count > 0)
            throw new ReconcileFailure($"ConfigMap \"{Names.SystemConfig}\" in namespace \"{Names.SystemNamespace}\": {string.Join("; ", errors)}", permanent: true);
        return new SystemConfig(Value("domain") ?? Default.Domain, port, Value("hostContainer") ?? Default.HostContainer, openShift);
    }
}
