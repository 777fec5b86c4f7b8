using System.Globalization;
using System.Net;
using KubeFlex.Operator;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Standalone;

/// <summary>What <c>kubeflex-server operator</c> is started with. Names and defaults of the flags are those of KubeFlex's manager.</summary>
internal sealed record StandaloneOptions
{
    public const string Usage = $"""
        kubeflex-server operator [flags]      runs the operator against an existing cluster

          --kubeconfig FILE                   the cluster (default: $KUBECONFIG, else the pod's service account, else ~/.kube/config)
          --context NAME                      context of the kubeconfig (default: its current one)
          --metrics-bind-address ADDRESS      Prometheus metrics at /metrics (default :8080; 0 for none)
          --health-probe-bind-address ADDRESS /healthz and /readyz (default :8081; 0 for none)
          --leader-elect                      work only while holding the lease c6f71c85.kflex.kubestellar.org
          --leader-elect-namespace NAME       where the lease is (default: the pod's namespace, else kubeflex-system)
          --install-crds=false                leave the CustomResourceDefinitions as they are (default: install or upgrade them)
          --workers N                         control planes worked on at once (default 2 per processor, at most 8)
          --zap-log-level LEVEL               error, info, debug, or a number: 1 and 2 are info, 3 and 4 debug, more is trace
          --zap-encoder FORMAT                console (default) or json

        {PodsFlags.Usage}
        """;

    private static readonly string[] Switches = ["leader-elect", "install-crds", "pods", "zap-devel"];

    // Stack traces and times have one form here; the flags are taken so that a manager's command line starts ours.
    private static readonly string[] Values = ["kubeconfig", "context", "metrics-bind-address", "health-probe-bind-address", "leader-elect-namespace", "workers",
        "zap-log-level", "zap-encoder", "zap-stacktrace-level", "zap-time-encoding", .. PodsFlags.Names];

    public string? Kubeconfig { get; init; }
    public string? Context { get; init; }
    public IPEndPoint? Metrics { get; init; } = new(IPAddress.IPv6Any, 8080);
    public IPEndPoint? Health { get; init; } = new(IPAddress.IPv6Any, 8081);
    public bool LeaderElect { get; init; }
    public string? LeaseNamespace { get; init; }
    public bool InstallCrds { get; init; } = true;
    public int? Workers { get; init; }
    /// <summary>What control planes that run as pods are made of; null when none shall.</summary>
    public PodsOptions? Pods { get; init; }
    public LogLevel LogLevel { get; init; } = LogLevel.Information;
    public bool JsonLog { get; init; }

    /// <summary>Reads the arguments; collects every error before it answers.</summary>
    public static (StandaloneOptions? Options, IReadOnlyList<string> Errors) Parse(IReadOnlyList<string> args)
    {
        var (given, errors) = Read(args);
        var options = new StandaloneOptions
        {
            Kubeconfig = given.GetValueOrDefault("kubeconfig"),
            Context = given.GetValueOrDefault("context"),
            Metrics = Address("metrics-bind-address", ":8080"),
            Health = Address("health-probe-bind-address", ":8081"),
            LeaderElect = Switch("leader-elect", false),
            LeaseNamespace = given.GetValueOrDefault("leader-elect-namespace"),
            InstallCrds = Switch("install-crds", true),
            Workers = Count("workers"),
            Pods = PodsFlags.Read(given, errors) is var pods && Switch("pods", true) ? pods : null,
            LogLevel = Level(),
            JsonLog = given.GetValueOrDefault("zap-encoder", "console") is var encoder && encoder is "json",
        };
        if (encoder is not ("json" or "console")) errors.Add($"--zap-encoder \"{encoder}\": expected console or json");
        if (options is { Metrics: { Port: > 0 } metrics, Health: { } health } && metrics.Equals(health))
            errors.Add("--metrics-bind-address and --health-probe-bind-address are the same: give them different ports");
        return errors.Count > 0 ? (null, errors) : (options, []);

        bool Switch(string name, bool otherwise)
        {
            var text = given.GetValueOrDefault(name, otherwise ? "true" : "false");
            if (!bool.TryParse(text, out var value)) errors.Add($"--{name} \"{text}\": expected true or false");
            return value;
        }

        int? Count(string name)
        {
            if (given.GetValueOrDefault(name) is not { } text) return null;
            if (int.TryParse(text, CultureInfo.InvariantCulture, out var n) && n is > 0 and <= 1024) return n;
            errors.Add($"--{name} \"{text}\": expected a number from 1 to 1024");
            return null;
        }

        IPEndPoint? Address(string name, string otherwise)
        {
            var text = given.GetValueOrDefault(name, otherwise);
            if (text is "0" or "") return null;
            // Go's notation: without a host, all addresses of both families.
            var full = text.StartsWith(':') ? "[::]" + text : text.Replace("localhost:", "127.0.0.1:", StringComparison.Ordinal);
            if (IPEndPoint.TryParse(full, out var endpoint) && full[(full.LastIndexOf(']') + 1)..].Contains(':', StringComparison.Ordinal)) return endpoint;
            errors.Add($"--{name} \"{text}\" is no address and port: write it like :8080 or 127.0.0.1:8080, or 0 for none");
            return null;
        }

        LogLevel Level()
        {
            var text = given.GetValueOrDefault("zap-log-level", "info");
            switch (text)
            {
                case "error" or "panic": return LogLevel.Error;
                case "info": return LogLevel.Information;
                case "debug": return LogLevel.Debug;
            }
            if (int.TryParse(text, CultureInfo.InvariantCulture, out var n) && n > 0) return n switch { <= 2 => LogLevel.Information, <= 4 => LogLevel.Debug, _ => LogLevel.Trace };
            errors.Add($"--zap-log-level \"{text}\": expected error, info, debug or a number from 1");
            return LogLevel.Information;
        }
    }

    private static (Dictionary<string, string> Given, List<string> Errors) Read(IReadOnlyList<string> args)
    {
        var (given, errors) = (new Dictionary<string, string>(StringComparer.Ordinal), new List<string>());
        for (var i = 0; i < args.Count; i++)
        {
            // Go's flags take one dash as well as two.
            var (flag, value) = args[i].Split('=', 2) is [var f, var v] ? (f, v) : (args[i], null);
            var name = flag.StartsWith('-') ? flag.TrimStart('-') : "";
            if (Switches.Contains(name)) given[name] = value ?? "true";
            else if (!Values.Contains(name)) errors.Add($"unknown argument \"{flag}\"");
            else if (value is null && i + 1 >= args.Count) errors.Add($"--{name} needs a value");
            else given[name] = value ?? args[++i];
        }
        return (given, errors);
    }
}
