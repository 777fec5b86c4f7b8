using System.CommandLine;
using System.Text.Json.Nodes;
using KubeFlex.Cli.Diagnosis;
using KubeFlex.Cli.Embedded;
using KubeFlex.Cli.Installation;
using KubeFlex.Cli.Tenancy;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Commands;

/// <summary>Looks at everything that KubeFlex rests on, says what is wrong and what to do. Changes nothing.</summary>
internal sealed class DoctorCommand : Verb
{
    private readonly Option<string> output = new("--output", "-o") { Description = "text or json.", HelpName = "format", DefaultValueFactory = _ => "text" };
    private readonly Option<string?> dataDir = ServerOptionSet.DataDir();

    public DoctorCommand(CliApp app) : base(app, "doctor", "Find out what is wrong and what to do about it. Exit code 1 when something does not work.")
    {
        output.AcceptOnlyFromAmong("text", "json");
        Add(output);
        Add(dataDir);
    }

    protected override async Task<int> RunAsync(CliSession session, ParseResult parse, CancellationToken cancellation)
    {
        var (findings, text) = (new List<Finding>(), parse.GetValue(output) == "text");
        await foreach (var finding in LookAsync(session, DataDirectory.Resolve(parse.GetValue(dataDir), session.Host), cancellation))
        {
            findings.Add(finding);
            if (text) await WriteAsync(session.Host.Out, finding);
        }
        var worst = Finding.Worst(findings);
        if (!text) await session.Host.Out.WriteLineAsync(OutputFormats.Json(new JsonObject { ["status"] = worst, ["checks"] = new JsonArray([.. findings.Select(f => f.ToJson())]) }));
        return worst == Finding.IsCritical ? ExitCodes.Failed : ExitCodes.Ok;
    }

    private static async IAsyncEnumerable<Finding> LookAsync(CliSession session, DataDirectory directory, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var finding in DataDirectoryChecks.Look(directory)) yield return finding;

        Kubeconfig? config = null;
        var broken = await GuardAsync(session, "kubeconfig", () => Task.FromResult<IReadOnlyList<Finding>>([.. KubeconfigChecks.Look(session, config = session.Kubeconfigs.Load())]), cancellation);
        foreach (var finding in broken) yield return finding;
        if (config is null) yield break;

        KubeConnection? hosting = null;
        var resolved = await GuardAsync(session, "hosting context", async () =>
        {
            hosting = await session.ConnectAsync(config, await new HostingResolver(session, remember: false).ResolveAsync(config, cancellation), cancellation);
            return [Finding.Ok("hosting context", $"{hosting.Context} ({hosting.Server})")];
        }, cancellation);
        foreach (var finding in resolved) yield return finding;
        string? domain = null;
        if (hosting is not null)
        {
            using (hosting)
            {
                var answers = await GuardAsync(session, "hosting server", async () =>
                {
                    var found = new List<Finding>();
                    await foreach (var finding in new HostingChecks(session, hosting).LookAsync(cancellation)) found.Add(finding);
                    return found;
                }, cancellation);
                foreach (var finding in answers) yield return finding;
                if (answers.All(f => f.Status != Finding.IsCritical || f.Check == "operator"))
                {
                    foreach (var finding in await GuardAsync(session, "control planes", () => new ControlPlaneChecks(session, hosting).LookAsync(cancellation), cancellation)) yield return finding;
                    domain = await DomainAsync(hosting, cancellation);
                }
            }
        }
        foreach (var finding in await GuardAsync(session, "ports", () => new NetworkChecks(session, config).LookAsync(domain, cancellation), cancellation)) yield return finding;
    }

    private static async Task<string?> DomainAsync(KubeConnection hosting, CancellationToken cancellation)
    {
        try
        {
            var settings = await hosting.Client.FindAsync(Resources.ConfigMaps.In(InstallDocuments.Namespace).Named(InstallDocuments.Config), cancellation);
            return ControlPlaneView.Text(settings?["data"]?["domain"]) is { Length: > 0 } domain ? domain : null;
        }
        catch (KubeApiException)
        {
            return null;
        }
    }

    // A check that fails has found something as well.
    private static async Task<IReadOnlyList<Finding>> GuardAsync(CliSession session, string check, Func<Task<IReadOnlyList<Finding>>> look, CancellationToken cancellation)
    {
        try
        {
            return await look();
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && Failures.Explain(session, e, cancellation) is { } failure)
        {
            return [Finding.Critical(check, failure.Message, failure.WayOut)];
        }
    }

    private static async Task WriteAsync(TextWriter writer, Finding finding)
    {
        var sign = finding.Status switch { Finding.IsOk => "✔", Finding.IsWarning => "!", _ => "✘" };
        await writer.WriteLineAsync($"{sign} {finding.Check}: {finding.Message}");
        if (finding.Advice is { } advice) await writer.WriteLineAsync($"    {advice}");
    }
}
